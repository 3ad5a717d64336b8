import { chmod, copyFile, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts';
import type { ToolError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { editSites, type SiteRequest } from './edit-site.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../test/fixtures/site/${name}`, import.meta.url));
const seed = fixture('siteconfig-seed.yaml');

const defaults: SiteRequest = {
  inputs: ['-'],
  label: 'data',
  version: '1.2.3',
  deadline: undefined,
  ignition: undefined,
  remove: false,
  clusters: [],
  nodes: [],
  indent: 2,
  diff: false,
  sitesOnly: false,
  inPlace: false,
  check: false,
  format: 'pool',
  reclaim: false,
  nodeRegistry: undefined,
  discoveryRegistry: false,
};

async function run(request: Partial<SiteRequest>, input = '') {
  const told: Event[] = [];
  const refused: ToolError[] = [];
  const printed: string[] = [];
  const outcome = await editSites(
    { ...defaults, ...request },
    {
      readInput: () => Promise.resolve(input),
      out: (part) => printed.push(part),
      emit: (event) => told.push(event),
      refuse: (error) => refused.push(error),
      signal: new AbortController().signal,
    },
  );
  return { ...outcome, text: printed.join(''), told, refused };
}

describe('one document', () => {
  it('says of every cluster and node what was written', async () => {
    const { text, told } = await run({ inputs: [seed] });
    expect(told).toEqual([
      { type: 'step', text: 'cluster sno-worker-0: ignitionConfigOverride written' },
      {
        type: 'step',
        text: 'node snonode.sno-worker-0.example.domain.redhat.com: ignitionConfigOverride written',
      },
    ]);
    const again = await run({}, text);
    expect(again.text).toBe(text);
    expect(again.told).toMatchObject([{ text: 'cluster sno-worker-0: up to date' }, {}]);
  });

  it('replaces its own label and nothing else', async () => {
    const { text } = await run({ inputs: [seed] });
    const relabelled = await run({ label: 'spare' }, text);
    expect(relabelled.text).toContain(`installerArgs: '["--save-partlabel", "spare"]'`);
    const back = await run({ label: 'data' }, relabelled.text);
    const args = /installerArgs.*/.exec(text)?.[0] ?? 'none';
    expect(back.text).toContain(args);
    expect((await run({ remove: true }, back.text)).text).toBe(await readFile(seed, 'utf8'));
  });

  it('renders the deadline and the version', async () => {
    const { text } = await run({ inputs: [seed], deadline: 600, ignition: '3.2.0' });
    expect(text.match(/TimeoutStartSec=600s/g)).toHaveLength(2);
    expect(text.match(/"version": "3\.2\.0"/g)).toHaveLength(2);
    const back = await run({ ignition: '3.1.0' }, text);
    expect(back.text).toBe((await run({ inputs: [seed] })).text);
  });

  it('writes the same for archives as for the pool', async () => {
    const { text } = await run({ inputs: [seed], format: 'archive' });
    expect(text).toBe((await run({ inputs: [seed] })).text);
  });

  it('names of clusters and nodes choose', async () => {
    const file = fixture('clusterinstance-3node.yaml');
    const before = await readFile(file, 'utf8');
    const nodes = [...before.matchAll(/hostName: "?([^"\n]+)/g)].map(([, name = '']) => name);
    const { text, told } = await run({ inputs: [file], nodes: nodes.slice(0, 1) });
    expect(told).toHaveLength(2);
    expect(text.match(/save-partlabel/g)).toHaveLength(1);
    await expect(run({ inputs: [file], nodes: [`${nodes[0]}x`] })).rejects.toMatchObject({
      code: 'usage',
      hint: `did you mean ${nodes[0]}?`,
    });
    await expect(run({ inputs: [file], clusters: ['nowhere-at-all'] })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it.each<[Partial<SiteRequest>, string, object]>([
    [{ inputs: [seed], label: 'a b' }, '', { code: 'usage' }],
    [{ inputs: ['/nowhere/site.yaml'] }, '', { code: 'not-found' }],
    [{}, 'a: [', { code: 'invalid-document', source: { name: '<stdin>' } }],
    [{ inPlace: true }, '', { code: 'usage' }],
    [{ inputs: [seed], inPlace: true, check: true }, '', { code: 'usage' }],
    [{ inputs: [seed], reclaim: true }, '', { code: 'usage' }],
    [{ inputs: [seed], deadline: 5 }, '', { code: 'usage' }],
    [{ inputs: [seed, fixture('siteconfig-sno.yaml')] }, '', { code: 'usage' }],
    [{ inputs: [seed, '-'] }, '', { code: 'usage' }],
  ])('%#: what cannot be done is refused', async (request, input, error) => {
    await expect(run(request, input)).rejects.toMatchObject(error);
  });
});

describe('a directory', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await makeTemporaryFolder();
    await mkdir(join(folder.path, 'sub/.git'), { recursive: true });
    await copyFile(seed, join(folder.path, 'a.yaml'));
    await copyFile(fixture('clusterinstance-sno.yaml'), join(folder.path, 'sub/b.yml'));
    await writeFile(join(folder.path, 'kustomization.yaml'), 'generators: [a.yaml]\n');
    await writeFile(join(folder.path, 'template.yaml'), 'a: {{ b }}\n');
    await writeFile(join(folder.path, 'sub/.git/c.yaml'), 'kind: SiteConfig\n');
  });
  afterEach(() => folder.remove());

  const tree = async () =>
    await Promise.all(
      ['a.yaml', 'sub/b.yml', 'kustomization.yaml', 'template.yaml'].map((name) =>
        readFile(join(folder.path, name), 'utf8'),
      ),
    );

  it('is edited in place, is done after one run, and comes back', async () => {
    const before = await tree();
    const inputs = [folder.path, join(folder.path, 'a.yaml')];
    const names = `${folder.path}/a.yaml\n${folder.path}/sub/b.yml\n`;
    expect(await run({ inputs, check: true })).toMatchObject({ changed: 2, text: names });
    expect(await tree()).toEqual(before);
    expect(await run({ inputs, inPlace: true })).toMatchObject({ changed: 2, refused: [], text: names });
    expect(await run({ inputs, inPlace: true })).toMatchObject({ changed: 0, text: '' });
    expect(await run({ inputs, check: true, diff: true })).toMatchObject({ changed: 0, text: '' });
    expect(await run({ inputs, inPlace: true, remove: true })).toMatchObject({ changed: 2 });
    expect(await tree()).toEqual(before);
    expect((await readdir(folder.path)).toSorted()).toEqual([
      'a.yaml',
      'kustomization.yaml',
      'sub',
      'template.yaml',
    ]);
  });

  it('stays as it is when one document is wrong, and each mistake is told', async () => {
    await writeFile(join(folder.path, 'wrong.yaml'), 'kind: SiteConfig\napiVersion: ran.openshift.io/v1\n');
    await writeFile(join(folder.path, 'worse.yaml'), 'kind: SiteConfig\na: [\n');
    const before = await tree();
    const { refused, text, changed } = await run({ inputs: [folder.path], inPlace: true });
    expect(refused).toMatchObject([
      { code: 'invalid-document', source: { name: `${folder.path}/worse.yaml` } },
      {
        code: 'invalid-document',
        source: { name: `${folder.path}/wrong.yaml` },
        diagnostics: [{ id: 'no-spec' }],
      },
    ]);
    expect({ text, changed }).toEqual({ text: '', changed: 2 });
    expect(await tree()).toEqual(before);
  });

  it('keeps the mode of a file, and a link', async () => {
    const [file, link] = [join(folder.path, 'a.yaml'), join(folder.path, 'link.yaml')];
    await chmod(file, 0o640);
    await symlink('a.yaml', link);
    expect(await run({ inputs: [link], inPlace: true })).toMatchObject({ changed: 1 });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(await readFile(file, 'utf8')).toContain('factory-precaching-cli 1.2.3');
    expect(await run({ inputs: [folder.path], check: true })).toMatchObject({ changed: 1 });
  });

  it('without a site is a mistake', async () => {
    await mkdir(join(folder.path, 'empty'));
    await expect(run({ inputs: [join(folder.path, 'empty')], check: true })).rejects.toMatchObject({
      code: 'invalid-document',
    });
  });
});
