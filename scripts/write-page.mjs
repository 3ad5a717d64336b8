import { readFileSync, writeFileSync } from 'node:fs';
import { argv, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Writes a page of the docs that a script makes, to the file that its arguments name or else to `path` of the checkout.
 * With --check among them nothing is written: the process fails when the page is not `text`.
 */
export function writePage(path, text, script) {
  const file =
    argv.slice(2).find((word) => !word.startsWith('-')) ??
    fileURLToPath(new URL(`../${path}`, import.meta.url));
  if (!argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    stderr.write(`${file}: not up to date: run ${script}\n`);
    process.exitCode = 1;
  }
}
