import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from './support/process.ts';
import { withTemporaryFolder } from './support/temporary-folder.ts';

/** Pages that a script writes from the sources, and a line of each. */
const pages = [
  { name: 'lint-rules', line: /^\| `boot\/ordering` .*\n/m },
  { name: 'command-pages', page: 'commands', line: /^\| `--sites-only` .*\n/m },
];

describe.each(pages)('scripts/$name.mjs', ({ name, page = name, line }) => {
  const script = fileURLToPath(new URL(`../scripts/${name}.mjs`, import.meta.url));
  const text = readFileSync(new URL(`../docs/${page}.md`, import.meta.url), 'utf8');

  it('finds the page up to date', async () => {
    expect(await run(['node', script, '--check'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('refuses it with a line less', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = join(folder, 'page.md');
      writeFileSync(file, text.replace(line, ''));
      const { status, stderr } = await run(['node', script, '--check', file]);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('not up to date') });
    });
  });
});
