// The program as Node.js carries it: bundles, and the blob that is made of them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { common } from '../bundle.mjs';

const scripts = import.meta.dirname;

/** Their names are in the blob: the same in whatever folder it is made. */
const files = { start: 'start.cjs', program: 'program.cjs', codeCache: 'program.cache' };
/** What threads run (`src/system/thread-program.ts`), by its name. */
const threads = { 'file-thread': 'src/workflows/file-thread.ts' };
/** As bin/factory-precaching-cli has it. */
const heap = ['--single-threaded-gc', '--min-semi-space-size=2', '--max-semi-space-size=2'];

/** Modules of Node.js that take long to load, and that not every command needs: a fifth of the time to `--help`. */
const lateModules = ['node:child_process', 'node:crypto', 'node:fs/promises', 'node:worker_threads'];

/**
 * Those are loaded when something of them is first used, and not with whatever names them. In the executable alone: where each
 * would be a file, a start with few open files could not load them all.
 */
const late = {
  name: 'late',
  /** @param {import('esbuild').PluginBuild} plugin */
  setup(plugin) {
    plugin.onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, (request) => {
      const path = request.path.replace(/^(?:node:)?/, 'node:');
      // What stands for the module asks for the module itself.
      return request.namespace === 'late' || !lateModules.includes(path)
        ? undefined
        : { path, namespace: 'late' };
    });
    plugin.onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => ({
      contents: `
        for (const name of ${JSON.stringify(Object.keys(await import(path)))})
          Object.defineProperty(exports, name, { enumerable: true, get: () => require(${JSON.stringify(path)})[name] });`,
    }));
  },
};

/**
 * Bundles the program and its threads into `folder`. Gives what esbuild says of their parts.
 *
 * @param {string} folder @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function bundleApplication(folder) {
  const bundle = (entry, file, more = {}) =>
    build({
      ...common,
      plugins: [...common.plugins, late],
      entryPoints: [entry],
      outfile: join(folder, file),
      format: 'cjs',
      target: 'node24',
      // The executable has no modules that are files.
      define: { ...common.define, 'import.meta.url': JSON.stringify('file:///') },
      // A script out of the executable has no import() for Node.js' own modules.
      supported: { 'dynamic-import': false },
      legalComments: 'none',
      metafile: true,
      ...more,
    });
  const results = [
    await bundle('src/executable.ts', files.program, {
      banner: { js: '(function (require) {' },
      footer: { js: '})' },
    }),
    ...(await Promise.all(Object.entries(threads).map(([name, entry]) => bundle(entry, `${name}.cjs`)))),
  ];
  if (/[^\0-\x7f]/.test(readFileSync(join(folder, files.program), 'latin1')))
    throw new Error('the program is not ASCII: start.cjs would read it wrong');
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
  // Only Node.js for the same processor can compile for it.
  const compiled = nodeArchitecture === process.arch;
  if (compiled) compileAhead(folder, builder);
  copyFileSync(join(scripts, files.start), join(folder, files.start));
  const settings = {
    main: files.start,
    output,
    disableExperimentalSEAWarning: true,
    // NODE_OPTIONS are not heard.
    execArgv: heap,
    execArgvExtension: 'none',
    assets: {
      program: files.program,
      ...(compiled && { 'code-cache': files.codeCache }),
      ...Object.fromEntries(Object.keys(threads).map((name) => [name, `${name}.cjs`])),
    },
  };
  writeFileSync(join(folder, 'application.json'), JSON.stringify(settings));
  run(folder, builder, ['--experimental-sea-config', 'application.json']);
  return readFileSync(join(folder, output));
}

function compileAhead(folder, builder) {
  const document = resolve('test/fixtures/site/siteconfig-sno.yaml');
  // Predictable: the code has hashes of strings in it, which are made from a random number otherwise.
  run(folder, builder, [
    '--predictable',
    join(scripts, 'compile.cjs'),
    files.program,
    files.codeCache,
    document,
  ]);
  // Node.js only says no in silence: to code of another version of it, or for other flags.
  const accepted = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('${files.codeCache}');
    const { cachedDataRejected } = new vm.Script(readFileSync('${files.program}', 'latin1'), { cachedData });
    if (cachedDataRejected) throw new Error('Node.js does not take the code that was compiled ahead');`;
  run(folder, builder, [...heap, '--eval', accepted]);
}

function run(folder, builder, args) {
  execFileSync(resolve(builder), args, { cwd: folder, stdio: 'pipe' });
}
