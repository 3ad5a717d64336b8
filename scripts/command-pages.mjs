// Writes docs/commands.md from the command table.
// Usage: node scripts/command-pages.mjs [--check] [FILE]. With --check nothing is written: it fails when the page is not
// what the table says.
import { importSource } from './bundle.mjs';
import { writePage } from './write-page.mjs';

const { reference } = await importSource('src/cli/command-pages.ts');
writePage('docs/commands.md', reference, 'scripts/command-pages.mjs');
