// Makes the executables and what belongs to them; scripts/package calls it. The same commit gives the same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { common, version } from './bundle.mjs';
import { licenceText, packagesIn, softwareBill } from './executable/contents.mjs';
import { withApplication } from './executable/elf.mjs';
import { targets, unpackNode } from './executable/node-binary.mjs';

const name = 'factory-precaching-cli';
const { values: flags } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
const { out } = flags;
const work = join('build/package', String(process.pid));
/** Its name is in the executable: the same in whatever folder it is made. */
const main = 'main.cjs';

const bundle = async () => {
  const { metafile } = await build({
    ...common,
    entryPoints: ['src/executable.ts'],
    outfile: join(work, main),
    format: 'cjs',
    target: 'node24',
    // With a code cache Node.js has no import() for its own modules.
    define: { ...common.define, 'import.meta.url': JSON.stringify('file:///main.cjs') },
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    metafile: true,
  });
  return packagesIn(metafile);
};

/** The application as Node.js reads it from its note. `builder` is the Node.js for this machine. */
const application = (builder, target) => {
  const output = `${target.architecture}.blob`;
  const settings = {
    main,
    output,
    disableExperimentalSEAWarning: true,
    // Compiled ahead, which only Node.js for the same processor can do.
    useCodeCache: target.nodeArchitecture === process.arch,
    // As bin/factory-precaching-cli has it. NODE_OPTIONS are not heard.
    execArgv: ['--single-threaded-gc'],
    execArgvExtension: 'none',
  };
  writeFileSync(join(work, 'settings.json'), JSON.stringify(settings));
  // Predictable: the cache has hashes of strings in it, which are made from a random number otherwise.
  execFileSync(resolve(builder), ['--predictable', '--experimental-sea-config', 'settings.json'], {
    cwd: work,
    stdio: 'pipe',
  });
  return readFileSync(join(work, output));
};

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const sums = [];
const write = (file, bytes, mode = 0o644) => {
  const path = join(out, file);
  rmSync(path, { force: true });
  writeFileSync(path, bytes, { mode });
  sums.push(`${sha256(bytes)}  ${file}\n`);
};

mkdirSync(work, { recursive: true });
try {
  mkdirSync(out, { recursive: true });
  const packages = await bundle();
  const { packages: resolved } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const nodes = targets.map((target) => ({ target, ...unpackNode(target, work) }));
  const own = nodes.find(({ target }) => target.nodeArchitecture === process.arch);
  if (own === undefined || process.platform !== 'linux')
    throw new Error('executables are made on Linux, on x86-64 or arm64');
  for (const { target, program } of nodes) {
    const file = `${name}-linux-${target.architecture}`;
    const executable = withApplication(readFileSync(program), application(own.program, target));
    write(file, executable, 0o755);
    const bill = softwareBill({ version, file, sha256: sha256(executable), target, packages, resolved });
    write(`${file}.cdx.json`, `${JSON.stringify(bill, null, 2)}\n`);
    process.stdout.write(`${join(out, file)}  ${(executable.length / 1024 ** 2).toFixed(1)} MiB\n`);
  }
  write(
    'LICENSES.txt',
    licenceText([
      { title: `${name} ${version}`, text: readFileSync('LICENSE', 'utf8') },
      ...packages.map((item) => ({ title: `${item.name} ${item.version} (npm)`, text: item.text })),
      ...nodes.map(({ target, licence }) => ({
        title: `Node.js ${target.version}, and what it bundles (linux-${target.architecture})`,
        text: licence,
      })),
    ]),
  );
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  for (const alias of [name, 'factory-precaching-krm']) {
    rmSync(join(out, alias), { force: true });
    symlinkSync(`${name}-linux-${own.target.architecture}`, join(out, alias));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
