// Fills the last column of the tables of docs/reliability.md: the tests whose titles begin with "case N:".
// Usage: node scripts/reliability-table.mjs [--check] [FILE]. With --check nothing is written: it fails, and says what
// is wrong, when a case has no row or no test, when a row has no text, or when a column is not what the tests say.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';

const cases = Array.from({ length: 72 }, (_, index) => index + 1);
const root = fileURLToPath(new URL('..', import.meta.url));
const check = argv.includes('--check');
const file = argv.slice(2).find((word) => !word.startsWith('-')) ?? join(root, 'docs/reliability.md');

/** Case number to the lines of its cell, one for each test file. */
function testsByCase() {
  const found = new Map(cases.map((number) => [number, new Map()]));
  const files = ['src', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  for (const path of files.filter((name) => name.endsWith('.test.ts')).toSorted((a, b) => (a < b ? -1 : 1))) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, , number, title] of text.matchAll(/(['"`])case (\d+): (.+?)\1/g)) {
      // Other cases are of other commands; `docs/partition.md` has theirs.
      const titles = found.get(Number(number));
      titles?.set(path, [...(titles.get(path) ?? []), title.replaceAll(/\$\{[^}]*\}|%[sdi]/g, '…')]);
    }
    if (/['"`]case \d+: /.test(text) && /\b(?:it|describe|test)\.(?:skip|todo|fails|only)\b/.test(text)) {
      throw new Error(`${path}: a test of a case must run`);
    }
  }
  return new Map(
    [...found].map(([number, titles]) => [
      number,
      [...titles].map(([path, all]) => `\`${path}\`: ${all.join('; ').replaceAll('|', '\\|')}`).join('<br>'),
    ]),
  );
}

const problems = [];
const seen = new Map();
const tests = testsByCase();
const before = readFileSync(file, 'utf8');
const after = before
  .split('\n')
  .map((line) => {
    const row = /^\| (\d+) \|(.*)\|$/.exec(line);
    if (row === null) return line;
    const number = Number(row[1]);
    seen.set(number, (seen.get(number) ?? 0) + 1);
    const [tried = '', does = '', , ...more] = (row[2] ?? '').split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (tried === '' || does === '' || more.length > 0) problems.push(`row ${number} is not whole`);
    return `| ${number} | ${tried} | ${does} | ${tests.get(number) ?? ''} |`;
  })
  .join('\n');

for (const number of cases) {
  if (seen.get(number) !== 1) problems.push(`row ${number} is there ${seen.get(number) ?? 0} times`);
  if (tests.get(number) === '')
    problems.push(`row ${number} has no test: no title begins with "case ${number}:"`);
}
if (check && after !== before) problems.push('the column of tests is not up to date: run this script');
else if (after !== before) writeFileSync(file, after);
for (const problem of problems) stderr.write(`${file}: ${problem}\n`);
exit(problems.length === 0 ? 0 : 1);
