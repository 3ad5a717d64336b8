// Bundles the program into dist/. `node scripts/build.mjs demo/main.ts` bundles such entries too, into build/demo/.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Embeds a file as a string: `import text from '../boot/x.sh?raw'`, the spelling vitest knows as well. */
const rawText = {
  name: 'raw-text',
  /** @param {import('esbuild').PluginBuild} plugin */
  setup(plugin) {
    plugin.onResolve({ filter: /\?raw$/ }, (request) => ({
      path: join(request.resolveDir, request.path.slice(0, -'?raw'.length)),
      namespace: 'raw-text',
    }));
    plugin.onLoad({ filter: /.*/, namespace: 'raw-text' }, (file) => ({
      contents: readFileSync(file.path, 'utf8'),
      loader: 'text',
    }));
  },
};

/** The parts of undici that are used. Its index loads WebSocket, caches and fetch too: a tenth of a second. */
const undiciParts = {
  name: 'undici-parts',
  /** @param {import('esbuild').PluginBuild} plugin */
  setup(plugin) {
    plugin.onResolve({ filter: /^undici$/ }, ({ resolveDir }) => ({
      path: 'undici',
      namespace: 'undici-parts',
      pluginData: resolveDir,
    }));
    plugin.onLoad({ filter: /.*/, namespace: 'undici-parts' }, ({ pluginData }) => ({
      contents: `
        import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
        import connect from 'undici/lib/api/api-connect.js';
        // As its index does, for the one method that tunnels need.
        Dispatcher.prototype.connect = connect;
        export { default as Agent } from 'undici/lib/dispatcher/agent.js';
        export { default as Pool } from 'undici/lib/dispatcher/pool.js';
        export { default as errors } from 'undici/lib/core/errors.js';
        export { default as buildConnector } from 'undici/lib/core/connect.js';`,
      resolveDir: pluginData,
    }));
  },
};

/** Commonjs packages in an ESM bundle still call require() for Node's own modules. */
const requireBanner =
  "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);";

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** @param {string[]} entryPoints @param {string} outdir */
const bundle = (entryPoints, outdir) =>
  build({
    entryPoints,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    minifySyntax: true,
    minifyWhitespace: true,
    define: { __VERSION__: JSON.stringify(version) },
    banner: { js: requireBanner },
    plugins: [rawText, undiciParts],
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });

// The names of chunks change with their content: without this, those of earlier builds would stay for ever.
rmSync('dist', { recursive: true, force: true });
await bundle(['src/main.ts', 'src/workflows/file-thread.ts'], 'dist');
for (const entry of process.argv.slice(2)) await bundle([entry], join('build', dirname(entry)));
