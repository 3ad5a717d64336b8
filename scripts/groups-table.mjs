// Fills the tables of docs/groups.md from the rules in src/core/release/stage-rules.ts.
// Usage: node scripts/groups-table.mjs [--check] [FILE]. With --check nothing is written: it fails when a table is not
// what the rules say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { importSource } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = argv.includes('--check');
const file = argv.slice(2).find((word) => !word.startsWith('-')) ?? join(root, 'docs/groups.md');

/** @type {typeof import('../src/core/release/stage-rules.ts')} */
const { stageRules, hubImageRules, loadOrder } = await importSource('src/core/release/stage-rules.ts');

/** @param {readonly string[]} names */
const list = (names) => names.map((name) => `\`${name}\``).join(', ');
/** @param {readonly string[]} groups */
const stages = (groups) => groups.map((group) => `\`${group}\``).join(' ');
/** @param {{ since?: string, before?: string } | undefined} range */
const range = ({ since, before } = {}) =>
  [since && `${since} and later`, before && `before ${before}`].filter(Boolean).join(', ') || 'all';
/** @param {readonly (readonly string[])[]} rows */
const table = (...rows) => {
  const [head = []] = rows;
  return [head, head.map(() => '---'), ...rows.slice(1)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
};

/** @type {Record<string, string>} */
const tables = {
  components: table(
    ['component', 'releases', 'hub', 'lists', 'loaded as', 'required', 'who needs it', 'source'],
    ...stageRules.map((rule) => [
      [list(rule.components), list((rule.prefixes ?? []).map((prefix) => `${prefix}*`))]
        .filter(Boolean)
        .join(', '),
      range(rule.releases),
      range(rule.hubs),
      stages(rule.groups),
      rule.load,
      rule.required ? 'yes' : 'no',
      rule.neededBy ?? 'nobody on such a node',
      rule.source,
    ]),
  ),
  hub: table(
    ['image', 'lists', 'loaded as', 'required', 'who needs it', 'source'],
    ...hubImageRules.map((rule) => [
      `\`${rule.image.source.replaceAll('|', '\\|')}\``,
      stages(rule.groups),
      rule.load,
      rule.required ? 'yes' : 'no',
      rule.neededBy ?? '',
      rule.source,
    ]),
  ),
  order: loadOrder.map((name) => `\`${name}\``).join(', '),
};

const before = readFileSync(file, 'utf8');
const found = new Set();
const after = before.replaceAll(
  /(<!-- begin (\w+) -->\n)(?:.*\n)*?(<!-- end \2 -->)/g,
  (_all, begin, name, end) => {
    found.add(name);
    return `${begin}${tables[name] ?? ''}\n${end}`;
  },
);
const problems = Object.keys(tables)
  .filter((name) => !found.has(name))
  .map((name) => `there is no place for the table "${name}"`);
if (check && after !== before)
  problems.push('a table is not what the rules say: run scripts/groups-table.mjs');
else if (after !== before) writeFileSync(file, after);
for (const problem of problems) stderr.write(`${file}: ${problem}\n`);
exit(problems.length === 0 ? 0 : 1);
