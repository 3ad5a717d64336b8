import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sizesOf } from '../support/contents.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Report {
  readonly releases: readonly string[];
  readonly size: {
    readonly images: number;
    readonly bytes: number;
    readonly uniqueBytes: number;
    readonly layouts: Record<string, { readonly bytes: number; readonly partition: number }>;
  };
  readonly stagedBytes: number;
  readonly toFetch: { readonly blobs: number; readonly bytes: number };
  readonly downloadSeconds?: number;
  readonly space?: { readonly shortage?: string };
  readonly images: readonly { readonly reference: string }[];
  readonly failed: readonly { readonly reference: string }[];
  readonly wan?: readonly {
    readonly cluster: string;
    readonly pulls: readonly { readonly what: string }[];
  }[];
}

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 6 });
  registry.add(set);
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});

const images = () => [set.release, ...set.components];

async function plan(...args: string[]) {
  const outcome = await runTool(['plan', '--release-image', set.release.reference, '-o', 'json', ...args]);
  return { ...outcome, report: JSON.parse(outcome.stdout || '{}') as Report };
}

describe('plan', () => {
  it('adds up what the images consist of, and fetches no blob but those of the release image', async () => {
    const { status, stderr, report } = await plan('--bandwidth', '8Mbit');
    expect(status, stderr).toBe(0);
    const { unique, perImage } = sizesOf(images());
    expect(report).toMatchObject({ releases: [set.version], stagedBytes: 0, failed: [] });
    expect(report.size).toMatchObject({ images: 7, uniqueBytes: unique, bytes: perImage });
    expect(report.size.layouts['pool']?.bytes).toBe(unique);
    expect(report.downloadSeconds).toBeCloseTo(report.toFetch.bytes / 1e6, 3);
    expect(report.images.map(({ reference }) => reference).toSorted()).toEqual(
      images()
        .map(({ reference }) => reference)
        .toSorted(),
    );
  });

  it('knows what the folder has, and changes nothing in it', async () => {
    const folder = join(work.path, 'staged');
    await mkdir(folder);
    const [some] = set.components;
    await runTool(['download', '-f', folder, '--no-mount-check', '-a', some?.reference ?? '']);
    const listing = () => output(['find', folder, '-printf', '%p %s %i %T@\n']);
    const before = await listing();
    const { status, report } = await plan('-f', folder);
    expect(status).toBe(0);
    const { unique } = sizesOf(some === undefined ? [] : [some]);
    expect(report.stagedBytes).toBe(unique);
    expect(report.toFetch.bytes).toBe(report.size.uniqueBytes - unique);
    expect(await listing()).toBe(before);
  });

  it('gives the same as YAML, and a table for people', async () => {
    const { report } = await plan();
    const yaml = await runTool(['plan', '--release-image', set.release.reference, '-o', 'yaml']);
    expect(yaml.status, yaml.stderr).toBe(0);
    expect(parse(yaml.stdout)).toEqual(report);
    const text = await runTool(['plan', '--release-image', set.release.reference]);
    expect(text.stdout).toContain('partition to ask for');
    expect(text.stdout).toMatch(/^Images: 7 in \d+ blobs$/m);
  });

  it('tells what the site will still pull, before and after siteconfig', async () => {
    const site = join(import.meta.dirname, '../fixtures/site/clusterinstance-sno.yaml');
    const hub = join(work.path, 'hub.yaml');
    await writeFile(
      hub,
      `kind: ClusterImageSet\nmetadata: {name: openshift-4.16}\nspec: {releaseImage: "${set.release.reference}"}\n`,
    );
    const pullsOf = async (file: string) => {
      const { report } = await plan('--site', file, '--hub', hub);
      return report.wan?.flatMap(({ pulls }) => pulls.map(({ what }) => what)) ?? [];
    };
    expect(await pullsOf(site)).toContain('all images of the installation stage');
    const { stdout } = await runTool(['siteconfig', '-c', site]);
    const edited = join(work.path, 'edited.yaml');
    await writeFile(edited, stdout);
    const left = await pullsOf(edited);
    expect(left).not.toContain('all images of the discovery stage');
    expect(left).not.toContain('all images of the installation stage');
    expect(left).toContain('manifests of the release image, machine-config-operator and must-gather');
    expect(left.filter((what) => what.includes(set.release.reference))).toEqual([]);
  });

  it('names every mistake of a site', async () => {
    const bad = join(work.path, 'bad.yaml');
    await writeFile(bad, 'kind: ConfigMap\n');
    const { status, stderr } = await plan('--site', bad);
    expect(status).toBe(3);
    expect(stderr).toContain('no SiteConfig or ClusterInstance');
  });
});

describeWith({ root: true, programs: ['mkfs.xfs', 'losetup'] }, 'plan for a partition', () => {
  it('ends with 8 when it does not fit; what it asks for is enough', async () => {
    const devices = await makeLoopDevices();
    try {
      const { report } = await plan();
      const size = report.size.layouts['pool']?.partition ?? 0;
      const disk = await devices.attach({ bytes: size });
      await output(['mkfs.xfs', '-q', disk.path]);
      const folder = join(devices.scratch, 'mnt');
      await mkdir(folder);
      await output(['mount', disk.path, folder]);
      expect((await plan('-f', folder)).status).toBe(0);
      const staged = await runTool(['download', '-f', folder, '--release-image', set.release.reference]);
      expect(staged.status, staged.stderr).toBe(0);
      await output(['umount', folder]);

      const small = await devices.attach({ bytes: 64 * 1024 ** 2 });
      await output(['mkfs.ext4', '-q', small.path]);
      await output(['mount', small.path, folder]);
      const free = Number((await output(['df', '--output=avail', '-B1', folder])).trim().split('\n')[1]);
      await output(['fallocate', '-l', String(free - 1024 ** 2), join(folder, 'filler')]);
      const { status, report: refused } = await plan('-f', folder);
      expect(status).toBe(8);
      expect(refused.space?.shortage).toContain('are needed');
    } finally {
      await devices.remove();
    }
  });
});
