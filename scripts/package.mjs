// Makes the executables and what belongs to them; scripts/package calls it. The same commit gives the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { importSource, version } from './bundle.mjs';
import { applicationBlob, bundleApplication } from './executable/application.mjs';
import { licenceText, packagesIn, softwareBill } from './executable/contents.mjs';
import { withApplication } from './executable/elf.mjs';
import { fetchNode, targets, unpackNode } from './executable/node-binary.mjs';

const name = 'factory-precaching-cli';
/** Bytes of an executable. One that has outgrown this has got something new in it: is it worth its room? */
const largest = 110 * 1024 ** 2;

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, 'fetch-only': { type: 'boolean', default: false } },
});
const { out } = flags;

const sums = [];
const write = (file, bytes, mode = 0o644) => {
  const path = join(out, file);
  mkdirSync(dirname(path), { recursive: true });
  // A new file: one that runs cannot be written.
  rmSync(path, { force: true });
  writeFileSync(path, bytes, { mode });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  sums.push(`${sha256}  ${file}\n`);
  return sha256;
};

async function makePackage(archives, work) {
  const nodes = targets.map((target, index) => ({
    target,
    ...unpackNode(archives[index], join(work, target.package)),
  }));
  const own = nodes.find(({ target }) => target.nodeArchitecture === process.arch);
  if (own === undefined || process.platform !== 'linux')
    throw new Error('executables are made on Linux, on x86-64 or arm64');
  const packages = packagesIn(await bundleApplication(work));
  const { packages: resolved } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  for (const { target, program } of nodes) {
    const file = `${name}-linux-${target.architecture}`;
    const bytes = withApplication(readFileSync(program), applicationBlob(work, own.program, target));
    const sha256 = write(file, bytes, 0o755);
    const bill = softwareBill({ version, file, sha256, target, packages, resolved });
    write(`${file}.cdx.json`, `${JSON.stringify(bill, null, 2)}\n`);
    process.stdout.write(`${join(out, file)}  ${(bytes.length / 1024 ** 2).toFixed(1)} MiB\n`);
    if (bytes.length > largest) throw new Error(`${file} is larger than ${largest / 1024 ** 2} MiB`);
  }
  const parts = [{ name, version, licence: readFileSync('LICENSE', 'utf8') }, ...packages];
  const runtimes = nodes.map(({ target, licence }) => ({
    name: 'Node.js and what it bundles',
    version: target.version,
    licence,
  }));
  write('LICENSES.txt', licenceText([...parts, ...runtimes]));
  const { manuals } = await importSource('src/cli/command-pages.ts');
  for (const [file, text] of manuals) write(`man/${file}`, text);
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  for (const alias of [name, 'factory-precaching-krm']) {
    rmSync(join(out, alias), { force: true });
    symlinkSync(`${name}-linux-${own.target.architecture}`, join(out, alias));
  }
}

const archives = targets.map(fetchNode);
if (!flags['fetch-only']) {
  const work = join('build/package', String(process.pid));
  try {
    await makePackage(archives, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
