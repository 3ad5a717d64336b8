// The program as Node.js carries it: bundles, and the blob that is made of them.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { common } from '../bundle.mjs';

/** Its name is in the blob: the same in whatever folder it is made. */
const main = 'main.cjs';
/** What threads run (`src/system/thread-program.ts`), by its name. */
const threads = { 'file-thread': 'src/workflows/file-thread.ts' };

/**
 * Bundles the program and its threads into `folder`. Gives what esbuild says of their parts.
 *
 * @param {string} folder @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function bundleApplication(folder) {
  const bundle = (entry, file) =>
    build({
      ...common,
      entryPoints: [entry],
      outfile: join(folder, file),
      format: 'cjs',
      target: 'node24',
      // The executable has no modules that are files.
      define: { ...common.define, 'import.meta.url': JSON.stringify('file:///') },
      // With a code cache Node.js has no import() for its own modules.
      supported: { 'dynamic-import': false },
      legalComments: 'none',
      metafile: true,
    });
  const results = [
    await bundle('src/executable.ts', main),
    ...(await Promise.all(Object.entries(threads).map(([name, entry]) => bundle(entry, `${name}.cjs`)))),
  ];
  return results.map(({ metafile }) => metafile);
}

/**
 * The application as Node.js reads it from its executable. `builder` is a Node.js that runs here, of the same line as that
 * of the target.
 *
 * @param {string} folder with the bundles @param {string} builder @param {{ nodeArchitecture: string }} target
 */
export function applicationBlob(folder, builder, { nodeArchitecture }) {
  const output = 'application.blob';
  const settings = {
    main,
    output,
    disableExperimentalSEAWarning: true,
    // Compiled ahead, which only Node.js for the same processor can do.
    useCodeCache: nodeArchitecture === process.arch,
    // As bin/factory-precaching-cli has it. NODE_OPTIONS are not heard.
    execArgv: ['--single-threaded-gc'],
    execArgvExtension: 'none',
    assets: Object.fromEntries(Object.keys(threads).map((name) => [name, `${name}.cjs`])),
  };
  writeFileSync(join(folder, 'application.json'), JSON.stringify(settings));
  // Predictable: the cache has hashes of strings in it, which are made from a random number otherwise.
  execFileSync(resolve(builder), ['--predictable', '--experimental-sea-config', 'application.json'], {
    cwd: folder,
    stdio: 'pipe',
  });
  return readFileSync(join(folder, output));
}
