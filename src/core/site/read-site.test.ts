import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editSite } from './edit-site.ts';
import { createHookSet } from './hook-set.ts';
import { readSite } from './read-site.ts';

const fixture = (name: string) => ({
  name,
  text: readFileSync(new URL(`../../../test/fixtures/site/${name}`, import.meta.url), 'utf8'),
});

describe('readSite', () => {
  it.each(['siteconfig-3node.yaml', 'clusterinstance-sno.yaml', 'clusterinstance-3node.yaml'])(
    'sees in %s no hooks before an edit, and on every node after it',
    (name) => {
      const source = fixture(name);
      const [bare] = readSite(source);
      expect(bare?.label).toBeUndefined();
      const { text } = editSite(source, { hooks: createHookSet({ label: 'cache', version: '1.2.3' }) });
      const [cluster] = readSite({ name, text });
      expect(cluster?.label).toBe('cache');
      expect(cluster?.nodes.length).toBeGreaterThan(0);
      for (const node of cluster?.nodes ?? []) {
        expect(node).toMatchObject({ label: 'cache', saved: expect.arrayContaining(['cache']) });
      }
    },
  );

  it('takes the image set of a cluster before that of the site', () => {
    expect(readSite(fixture('siteconfig-seed.yaml')).map(({ imageSet }) => imageSet)).toEqual([
      'eko4-img4.11.5-x86-64-appsub',
    ]);
    const [{ imageSet, cpuArchitecture } = {}] = readSite(fixture('siteconfig-comprehensive.yaml'));
    expect(imageSet).toBe('cluster-specific-image-set');
    expect(cpuArchitecture).toBe('x86_64');
  });

  it('refuses a file without a site', () => {
    expect(() => readSite({ name: 'a.yaml', text: 'kind: ConfigMap\n' })).toThrow('1 mistake');
  });
});
