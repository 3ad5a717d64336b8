import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './support/process.ts';
import { withTemporaryFolder } from './support/temporary-folder.ts';

const script = fileURLToPath(new URL('../scripts/lint-rules.mjs', import.meta.url));
const page = new URL('../docs/lint-rules.md', import.meta.url);

describe('docs/lint-rules.md', () => {
  it('says what the rules say', async () => {
    expect(await run(['node', script, '--check'])).toEqual({ status: 0, stdout: '', stderr: '' });
  }, 30_000);

  it('is refused when a rule is missing', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = join(folder, 'lint-rules.md');
      const text = readFileSync(page, 'utf8');
      writeFileSync(file, text.replace(/^\| `boot\/ordering` .*\n/m, ''));
      const { status, stderr } = await run(['node', script, '--check', file]);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('not up to date') });
    });
  }, 30_000);
});
