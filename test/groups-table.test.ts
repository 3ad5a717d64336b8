import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Outcome, run } from './support/process.ts';
import { withTemporaryFolder } from './support/temporary-folder.ts';

const script = fileURLToPath(new URL('../scripts/groups-table.mjs', import.meta.url));
const page = readFileSync(new URL('../docs/groups.md', import.meta.url), 'utf8');

const check = (...file: string[]): Promise<Outcome> => run(['node', script, '--check', ...file]);

describe('docs/groups.md', () => {
  it('says what the rules say', async () => {
    expect(await check()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['another fact', '4.19 and later', '4.20 and later', 'not what the rules say'],
    ['a table less', '<!-- begin hub -->', '', 'no place for the table "hub"'],
  ])('is refused with %s', async (_name, from, to, problem) => {
    expect(page).toContain(from);
    await withTemporaryFolder(async (folder) => {
      const file = join(folder, 'groups.md');
      writeFileSync(file, page.replace(from, to));
      const { status, stderr } = await check(file);
      expect(status).toBe(1);
      expect(stderr).toContain(problem);
    });
  });
});
