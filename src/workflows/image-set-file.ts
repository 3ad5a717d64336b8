import { join } from 'node:path';
import type { Emit } from '../core/events.ts';
import { imageSetName } from '../core/staging/lists.ts';
import type { Passport } from '../core/staging/passport.ts';
import { readRegular } from '../pool/regular-file.ts';
import { writeList } from '../pool/staging-folder.ts';

const keptName = `${imageSetName}.old`;

/**
 * Keeps, under another name, the folder's `imageset.yaml` when it is neither what the last run wrote nor what is to be
 * written now: somebody edited it.
 */
export async function keepEdited(
  folder: string,
  text: string | undefined,
  before: Passport | undefined,
  emit: Emit,
): Promise<void> {
  if (text === undefined) return;
  const found = await readRegular(join(folder, imageSetName)).catch(() => undefined);
  const there = found?.toString('utf8');
  if (there === undefined || there === text || there === before?.sources.imageSet) return;
  await writeList(folder, keptName, there);
  emit({
    type: 'warning',
    text: `${imageSetName} was edited, and is replaced: what it said is in ${keptName}`,
    hint: '--skip-imageset takes the file as it is',
  });
}
