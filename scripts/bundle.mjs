// How the program is bundled, whatever it is bundled for.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Embeds a file as a string: `import text from '../boot/x.sh?raw'`, the spelling vitest knows as well. */
const rawText = {
  name: 'raw-text',
  /** @param {import('esbuild').PluginBuild} plugin */
  setup(plugin) {
    plugin.onResolve({ filter: /\?raw$/ }, (request) => ({
      // The path gets into the bundle: it must not tell where the checkout lies.
      path: relative(root, join(request.resolveDir, request.path.slice(0, -'?raw'.length))),
      namespace: 'raw-text',
    }));
    plugin.onLoad({ filter: /.*/, namespace: 'raw-text' }, (file) => ({
      contents: readFileSync(join(root, file.path), 'utf8'),
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

/** @type {{ version: string }} */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What all bundles have in common. @satisfies {import('esbuild').BuildOptions} */
export const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  minifySyntax: true,
  minifyWhitespace: true,
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [rawText, undiciParts],
  logLevel: 'warning',
};

/**
 * What a module of the sources exports, without a program around it.
 *
 * @param {string} path of a file in the checkout
 */
export async function importSource(path) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [join(root, path)],
    write: false,
    format: 'esm',
    // Libraries that are CommonJS ask for modules of Node.js themselves.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
  });
  return await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
}
