// Writes docs/lint-rules.md from the rules of `lint`.
// Usage: node scripts/lint-rules.mjs [--check] [FILE]. With --check nothing is written: it fails when the page is not
// what the rules say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = argv.slice(2).find((word) => !word.startsWith('-')) ?? join(root, 'docs/lint-rules.md');

/** The rules as the program has them, without running it. */
async function readRules() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/core/lint/rules.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    // Libraries that are CommonJS ask for modules of Node.js themselves.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
  });
  const [{ text }] = outputFiles;
  const { rules } = await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);
  return rules;
}

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

const wanted = page(await readRules());
if (!argv.includes('--check')) writeFileSync(file, wanted);
else if (readFileSync(file, 'utf8') !== wanted) {
  stderr.write(`${file}: not up to date: run scripts/lint-rules.mjs\n`);
  exit(1);
}
