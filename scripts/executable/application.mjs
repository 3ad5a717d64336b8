// The program as Node.js carries it: bundles, and the blob that is made of them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { common } from '../bundle.mjs';

const scripts = import.meta.dirname;

/** Their names are in the blob: the same in whatever folder it is made. */
const start = 'start.cjs';
const document = resolve('test/fixtures/site/siteconfig-sno.yaml');
/**
 * The programs in the executable, by the words that their command line begins with (`start.cjs`): those that run once a
 * document, or at every boot, have one of their own, without the code of all others. `file` is the name of the
 * command's module. With what runs of each at the build, so that its code can be compiled ahead, and its exit status.
 */
const programs = {
  '': { file: 'program', args: ['--help'], status: 0 },
  siteconfig: { file: 'siteconfig', args: ['siteconfig', '-c', document], status: 0 },
  lint: { file: 'lint', args: ['lint', document], status: 0 },
  // There is nothing to serve: it ends, and has loaded all that it needs.
  'registry serve': { file: 'registry-serve', args: ['registry', 'serve', '--root', '/nowhere'], status: 8 },
};
/** What threads run (`src/system/thread-program.ts`), by its name. */
const threads = { 'file-thread': 'src/workflows/file-thread.ts' };
/** As bin/factory-precaching-cli has it, but for a document alone: its edit ends before the first collection. */
const heap = ['--single-threaded-gc', '--min-semi-space-size=4', '--max-semi-space-size=4'];

/** Modules of Node.js that take long to load, and that not every command needs: a fifth of the time to `--help`. */
const lateModules = [
  'node:child_process',
  'node:crypto',
  'node:fs/promises',
  'node:os',
  'node:stream',
  'node:worker_threads',
  'node:zlib',
];

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
 * Leaves out what runs commands, but for one.
 *
 * @param {string} command the name of its module in src/cli/commands @returns {import('esbuild').Plugin}
 */
function only(command) {
  return {
    name: 'only',
    setup(plugin) {
      plugin.onResolve({ filter: /^\.\/commands\// }, ({ path }) =>
        path === `./commands/${command}.ts` ? undefined : { path, namespace: 'left-out' },
      );
      plugin.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: '' }));
    },
  };
}

/**
 * Bundles the programs and the threads into `folder`. Gives what esbuild says of their parts.
 *
 * @param {string} folder @returns {Promise<import('esbuild').Metafile[]>}
 */
export async function bundleApplication(folder) {
  const bundle = (entry, file, plugins = [], more = {}) =>
    build({
      ...common,
      plugins: [...common.plugins, late, ...plugins],
      entryPoints: [entry],
      outfile: join(folder, file),
      format: 'cjs',
      target: 'node24',
      // The executable has no modules that are files.
      define: { ...common.define, 'import.meta.url': JSON.stringify('file:///') },
      // A script out of the executable has no import() for Node.js' own modules.
      supported: { 'dynamic-import': false },
      legalComments: 'none',
      // A twentieth of the time of a short command, and of its size. What a defect of it prints can be told from bin/.
      minifyIdentifiers: true,
      metafile: true,
      ...more,
    });
  const asFunction = { banner: { js: '(function (require) {' }, footer: { js: '})' } };
  const results = await Promise.all([
    ...Object.entries(programs).map(([words, { file }]) =>
      bundle('src/executable.ts', `${file}.cjs`, words === '' ? [] : [only(file)], asFunction),
    ),
    ...Object.entries(threads).map(([name, entry]) => bundle(entry, `${name}.cjs`)),
  ]);
  for (const { file } of Object.values(programs))
    if (/[^\0-\x7f]/.test(readFileSync(join(folder, `${file}.cjs`), 'latin1')))
      throw new Error(`${file} is not ASCII: start.cjs would read it wrong`);
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
  copyFileSync(join(scripts, start), join(folder, start));
  const settings = {
    main: start,
    output,
    disableExperimentalSEAWarning: true,
    // NODE_OPTIONS are not heard.
    execArgv: heap,
    execArgvExtension: 'none',
    assets: Object.fromEntries([
      ...Object.entries(programs).map(([words, { file }]) => [`program ${words}`, `${file}.cjs`]),
      ...Object.keys(threads).map((name) => [name, `${name}.cjs`]),
      // Only Node.js for the same processor can compile for it.
      ...(nodeArchitecture === process.arch
        ? Object.entries(programs).map(([words, program]) => [
            `code ${words}`,
            compileAhead(folder, builder, program),
          ])
        : []),
    ]),
  };
  writeFileSync(join(folder, 'application.json'), JSON.stringify(settings));
  run(folder, builder, ['--experimental-sea-config', 'application.json']);
  return readFileSync(join(folder, output));
}

/** The file with the code of a program, in `folder`. */
function compileAhead(folder, builder, { file, args, status }) {
  const [program, code] = [`${file}.cjs`, `${file}.code`];
  // Predictable: the code has hashes of strings in it, which are made from a random number otherwise.
  run(folder, builder, [
    '--predictable',
    join(scripts, 'compile.cjs'),
    program,
    code,
    String(status),
    ...args,
  ]);
  // Node.js only says no in silence: to code of another version of it, or for other flags.
  const accepted = `
    const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('${code}');
    const { cachedDataRejected } = new vm.Script(readFileSync('${program}', 'latin1'), { cachedData });
    if (cachedDataRejected) throw new Error('Node.js does not take the code that was compiled ahead');`;
  run(folder, builder, [...heap, '--eval', accepted]);
  return code;
}

function run(folder, builder, args) {
  execFileSync(resolve(builder), args, { cwd: folder, stdio: 'pipe' });
}
