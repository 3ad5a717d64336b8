// Writes docs/lint-rules.md from the rules of `lint`.
// Usage: node scripts/lint-rules.mjs [--check] [FILE]. With --check nothing is written: it fails when the page is not
// what the rules say.
import { importSource } from './bundle.mjs';
import { writePage } from './write-page.mjs';

const families = {
  site: 'the documents themselves, and what the hub makes of their fields',
  ignition: 'the overrides as Ignition configs',
  'installer-args': 'the arguments of coreos-installer',
  boot: 'units and scripts at the first boot, and what the partition holds',
};

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function page(rules) {
  const lines = [
    '# The rules of `lint`',
    '',
    `\`scripts/lint-rules.mjs\` writes this page from the rules; ${rules.length} of them.`,
    '',
    '**error**: the hub refuses it, or the server does not boot from its partition as it should. **warning**: it works by',
    'luck, or under conditions; `--strict` makes it an error. **fix**: what `--fix` mends, always or in some forms.',
  ];
  for (const [family, words] of Object.entries(families)) {
    lines.push('', `## ${family}`, '', `${words[0].toUpperCase()}${words.slice(1)}.`, '');
    lines.push(
      '| rule | severity | what is wrong | what to do | fix | source |',
      '|---|---|---|---|---|---|',
    );
    for (const rule of rules.filter(({ id }) => id.startsWith(`${family}/`))) {
      const { id, severity, summary, hint = '', source, fixable = '' } = rule;
      lines.push(
        `| \`${id}\` | ${severity} | ${cell(summary)} | ${cell(hint)} | ${fixable} | ${cell(source)} |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const { rules } = await importSource('src/core/lint/rules.ts');
writePage('docs/lint-rules.md', page(rules), 'scripts/lint-rules.mjs');
