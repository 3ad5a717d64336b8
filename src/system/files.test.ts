import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { readTextFile } from './files.ts';

it('reads text as it is, byte order mark included', async () => {
  await withTemporaryFolder(async (folder) => {
    const path = join(folder, 'a');
    await writeFile(path, '\ufeffa\r\né');
    await expect(readTextFile(path, 100)).resolves.toBe('\ufeffa\r\né');
  });
});

it.each([
  ['no UTF-8', Buffer.from([0x61, 0xff]), 'invalid-document', /not a text in UTF-8/],
  ['too large', Buffer.alloc(11, 'a'), 'invalid-document', /larger than 10 bytes/],
  ['nothing', undefined, 'not-found', /no such file/],
])('refuses %s', async (_, content, code, message) => {
  await withTemporaryFolder(async (folder) => {
    const path = join(folder, 'a');
    if (content !== undefined) await writeFile(path, content);
    await expect(readTextFile(path, 10)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

it('says what cannot be read', async () => {
  await expect(readTextFile('/proc/self', 10)).rejects.toMatchObject({ code: 'failed' });
});
