import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import { onDisk } from './disk-error.ts';
import { syncDirectory } from './durable.ts';
import { requireDirectory } from './regular-file.ts';

/** Makes a directory, durably, where there is none. A link in its place is refused: it would lead out of the folder. */
export async function makeDirectory(path: string): Promise<void> {
  const made = await onDisk(path, () =>
    mkdir(path).then(
      () => true,
      (cause: unknown) => {
        if (systemCodeOf(cause) === 'EEXIST') return false;
        throw cause;
      },
    ),
  );
  if (made) await syncDirectory(dirname(path));
  else await requireDirectory(path);
}
