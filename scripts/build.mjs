// Bundles the program into dist/. `node scripts/build.mjs demo/main.ts` bundles such entries too, into build/demo/.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { common } from './bundle.mjs';

/** Commonjs packages in an ESM bundle still call require() for Node's own modules. */
const requireBanner =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);";

/** @param {string[]} entryPoints @param {string} outdir */
const bundle = (entryPoints, outdir) =>
  build({
    ...common,
    entryPoints,
    outdir,
    splitting: true,
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    banner: { js: requireBanner },
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
  });

// The names of chunks change with their content: without this, those of earlier builds would stay for ever. What
// `npm run package` made lies beside them, and stays.
mkdirSync('dist', { recursive: true });
for (const name of readdirSync('dist')) if (/\.mjs(\.map)?$/.test(name)) rmSync(join('dist', name));
await bundle(['src/main.ts', 'src/workflows/file-thread.ts'], 'dist');
for (const entry of process.argv.slice(2)) await bundle([entry], join('build', dirname(entry)));
