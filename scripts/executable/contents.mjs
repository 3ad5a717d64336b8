import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of npm that is in a bundle. @typedef {{ name: string, version: string, license: string, licence: string }} Package */

/**
 * The npm packages whose code is in bundles, by name.
 *
 * @param {import('esbuild').Metafile[]} metafiles @returns {Package[]}
 */
export function packagesIn(metafiles) {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${folder} has no licence`);
    return { name, version, license, licence: readFileSync(join(folder, file), 'utf8') };
  });
}

/**
 * What an executable is made of, as CycloneDX 1.6 without time and serial number, so that the same commit gives the same
 * bytes.
 */
export function softwareBill({ version, file, sha256, target, packages, resolved }) {
  const name = 'factory-precaching-cli';
  const root = `pkg:generic/${name}@${version}?arch=${target.architecture}`;
  const node = {
    type: 'platform',
    'bom-ref': `pkg:npm/${target.package}@${target.version}`,
    name: 'node',
    version: target.version,
    hashes: [hashOf(target.integrity)],
    licenses: [{ license: { name: 'Node.js, and those of what it bundles' } }],
    cpe: `cpe:2.3:a:nodejs:node.js:${target.version}:*:*:*:lts:*:*:*`,
    purl: `pkg:npm/${target.package}@${target.version}`,
  };
  const libraries = packages.map((item) => ({
    type: 'library',
    'bom-ref': `pkg:npm/${item.name}@${item.version}`,
    name: item.name,
    version: item.version,
    hashes: [hashOf(resolved[`node_modules/${item.name}`].integrity)],
    licenses: [{ license: { id: item.license } }],
    purl: `pkg:npm/${item.name}@${item.version}`,
  }));
  const parts = [node, ...libraries];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': root,
        name,
        version,
        hashes: [{ alg: 'SHA-256', content: sha256 }],
        licenses: [{ license: { id: 'Apache-2.0' } }],
        purl: root,
        properties: [{ name: `${name}:file`, value: file }],
      },
    },
    components: parts,
    dependencies: [
      { ref: root, dependsOn: parts.map((part) => part['bom-ref']) },
      ...parts.map((part) => ({ ref: part['bom-ref'] })),
    ],
  };
}

/** A digest of npm (Subresource Integrity) as CycloneDX has it. */
function hashOf(integrity) {
  const [, algorithm, value] = /^sha(\d+)-(.+)$/.exec(integrity);
  return { alg: `SHA-${algorithm}`, content: Buffer.from(value, 'base64').toString('hex') };
}

/**
 * The licences of all parts, one behind the other, each text once.
 *
 * @param {{ name: string, version: string, licence: string }[]} parts
 */
export function licenceText(parts) {
  const line = '='.repeat(80);
  const titles = new Map();
  for (const { name, version, licence } of parts)
    titles.set(licence, [...(titles.get(licence) ?? []), `${name} ${version}`]);
  return [...titles]
    .map(([text, names]) => `${line}\n${names.join('\n')}\n${line}\n\n${text.trim()}\n`)
    .join('\n');
}
