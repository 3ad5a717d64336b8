import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { createReadPiece } from './read-piece.ts';

it('leaves this thread when a read was slow, and comes back when they are quick again', () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, 'file');
    await writeFile(path, 'abcdef');
    const file = await open(path);
    try {
      const times = [0, 1, 100, 150, 200, 250, 300, 301, 400, 401];
      const read = createReadPiece(() => times.shift() ?? Number.NaN);
      const buffer = Buffer.alloc(2);
      const answers = [];
      for (const position of [0, 2, 4, 1, 5]) {
        const answer = read(file, buffer, position);
        answers.push([typeof answer, await answer, buffer.toString('utf8', 0, await answer)]);
      }
      expect(answers).toEqual([
        ['number', 2, 'ab'],
        ['number', 2, 'cd'],
        ['object', 2, 'ef'],
        ['object', 2, 'bc'],
        ['number', 1, 'f'],
      ]);
    } finally {
      await file.close();
    }
  }));
