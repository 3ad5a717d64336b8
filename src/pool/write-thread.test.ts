import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { createWriteThread } from './write-thread.ts';

it('a thread that has ended fails every part, also one that begins later', async () => {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, 'blob');
  const handle = await open(path, 'w');
  try {
    const { createWriter } = createWriteThread('process.exit(3)');
    for (const part of ['under way', 'later']) {
      const writer = createWriter({
        file: { path, handle },
        algorithm: 'sha256',
        onWritten: () => Promise.resolve(),
      });
      await writer.write(Buffer.from('bytes'), 0);
      await expect(writer.flush(), part).rejects.toMatchObject({ code: 'host' });
      await expect(writer.digest(), part).rejects.toMatchObject({ code: 'host' });
      writer.close();
    }
  } finally {
    await handle.close();
    await folder.remove();
  }
});
