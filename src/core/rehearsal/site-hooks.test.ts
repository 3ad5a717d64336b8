import { expect, it } from 'vitest';
import { staged } from '../../../test/support/lint-passport.ts';
import { hooked, type SiteValues, siteText } from '../../../test/support/lint-site.ts';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { ToolError } from '../errors.ts';
import { type NodeChoice, siteHooks } from './site-hooks.ts';

const any: NodeChoice = { cluster: undefined, node: undefined };

const read = (text: string, choice: NodeChoice = any) =>
  siteHooks({ name: 'site.yaml', text }, choice, staged);

/** What it refuses the document for. */
function mistakesOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DocumentError)
      return error.diagnostics.map(({ id, message }) => `${id}: ${message}`);
    throw error;
  }
  return [];
}

it.each(['SiteConfig', 'ClusterInstance'] as const)('takes the only node of a %s', (kind) => {
  const { cluster, node, discovery, installation } = read(siteText({ kind }));
  expect({ cluster, node }).toEqual({ cluster: 'sno', node: 'node' });
  expect(discovery.loaders.map(({ unit }) => unit.name.value)).toEqual(['precache-images.service']);
  expect(installation.loaders.map(({ unit }) => unit.name.value)).toEqual(['precache-ocp-images.service']);
});

const otherLabel = (stage: 'discovery' | 'installation') => {
  const override = hooked(stage);
  const [mount] = override.systemd.units;
  if (mount !== undefined)
    mount['contents'] = String(mount['contents']).replace('by-partlabel/data', 'by-partlabel/old');
  return override;
};

it.each<[string, SiteValues, RegExp]>([
  [
    'another release',
    { imageSet: 'img4.15.2' },
    /release-not-staged: sno installs img4.15.2; staged is 4.14.7/,
  ],
  ['another label', { cluster: otherLabel('discovery') }, /label-mismatch: .* partition data, not old/],
  ['a partition that the installer overwrites', { args: [] }, /not-saved/],
  [
    'no hooks in a stage',
    { node: undefined },
    /missing-hooks: node loads no images in the installation stage/,
  ],
  ['an override that is no JSON', { cluster: '{' }, /ignition\/json/],
])('refuses %s, at its place', (_, values, reason) => {
  expect(mistakesOf(siteText(values))).toEqual(expect.arrayContaining([expect.stringMatching(reason)]));
});

it('refuses what is no site', () => {
  expect(mistakesOf('kind: Pod\n')).toEqual(['no-site: no SiteConfig or ClusterInstance in it']);
  expect(mistakesOf('a: [')).not.toEqual([]);
});

const two = `${siteText({})}---\n${siteText({ clusterFields: { clusterName: 'sno2' } })}`;

it.each<[NodeChoice, string]>([
  [{ cluster: 'sno2', node: undefined }, 'sno2'],
  [{ cluster: 'sno', node: 'node' }, 'sno'],
])('chooses by %o', (choice, cluster) => {
  expect(read(two, choice).cluster).toBe(cluster);
});

it.each<[NodeChoice, RegExp]>([
  [any, /there are 2 clusters: sno, sno2/],
  [{ cluster: undefined, node: 'node' }, /there are 2 clusters/],
  [{ cluster: 'sno3', node: undefined }, /no cluster of this name/],
  [{ cluster: 'sno', node: 'nod' }, /no node of this name/],
])('asks back for %o', (choice, message) => {
  expect(() => read(two, choice)).toThrow(ToolError);
  expect(() => read(two, choice)).toThrow(message);
});
