import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Outcome, run } from './support/process.ts';
import { withTemporaryFolder } from './support/temporary-folder.ts';

const script = fileURLToPath(new URL('../scripts/reliability-table.mjs', import.meta.url));
const table = readFileSync(new URL('../docs/reliability.md', import.meta.url), 'utf8');

const check = (...file: string[]): Promise<Outcome> => run(['node', script, '--check', ...file]);

/** What the check says of a table in which `from` is `to`. */
function checkChanged(from: RegExp, to: string): Promise<Outcome> {
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'reliability.md');
    expect(table).toMatch(from);
    writeFileSync(file, table.replace(from, to));
    return check(file);
  });
}

describe('docs/reliability.md', () => {
  it('has a row for every case, and names the tests there are', async () => {
    expect(await check()).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['a row that is missing', /^\| 12 \|.*\n/m, '', 'row 12 is there 0 times'],
    ['a row that is there twice', /^(\| 12 \|.*\n)/m, '$1$1', 'row 12 is there 2 times'],
    ['a row without a text', /^\| 12 \|[^|]*\|/m, '| 12 | |', 'row 12 is not whole'],
    ['a test that does not exist', /(\| 12 \|.*) \|$/m, '$1; is a dream |', 'not up to date'],
  ])('is refused with %s', async (_name, from, to, problem) => {
    const { status, stderr } = await checkChanged(from, to);
    expect(status).toBe(1);
    expect(stderr).toContain(problem);
  });
});
