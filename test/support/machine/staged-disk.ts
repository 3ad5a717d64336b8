import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFakeRegistry } from '../fake-registry.ts';
import type { LoopDevice, LoopDevices } from '../loop-device.ts';
import { output, runTool } from '../process.ts';
import { writeReleaseSet } from '../release-set.ts';
import { type Hooks, hooksOf } from './nodes.ts';

/** What `download --format` and `siteconfig --format` are told. */
export type Format = 'pool' | 'storage';

/** A disk as it leaves the factory, staged by the built program's own commands; nothing of it is attached any more. */
export interface StagedDisk {
  readonly image: string;
  readonly label: string;
  readonly hooks: Hooks;
  /** The references of the groups' lists. */
  readonly references: Readonly<Record<'ai' | 'ocp', readonly string[]>>;
  /** The SHA-256 of the partition's bytes, wherever the table has it by now. */
  readonly partitionDigest: () => Promise<string>;
}

const mebibyte = 1024 * 1024;
const seedSite = new URL('../../fixtures/site/siteconfig-seed.yaml', import.meta.url).pathname;

/**
 * Partitions a disk, downloads a small release from a registry in this process, and edits a SiteConfig. With
 * `nodeRegistry`, an executable, the disk is served in both stages.
 */
export async function stageDisk(
  loops: LoopDevices,
  format: Format,
  nodeRegistry?: string,
): Promise<StagedDisk> {
  const served = nodeRegistry === undefined ? [] : [`--node-registry=${nodeRegistry}`];
  // Unique among the disks of this host: other tests label theirs at the same time.
  const label = `e2e-${process.pid}`;
  const disk = await loops.attach({ bytes: 900 * mebibyte });
  const folder = join(loops.scratch, 'mnt');
  await tool('partition', '-d', disk.path, '-s', '384MiB', '-l', label, '--mount', folder);

  const registry = await startFakeRegistry();
  try {
    await mkdir(join(loops.scratch, 'set'));
    const set = await writeReleaseSet(join(loops.scratch, 'set'), { host: registry.host, ...shape });
    registry.add(set);
    const images = ['--release-image', set.release.reference];
    // By a tag, and of several platforms.
    for (const { reference } of [set.additional.tool, set.additional.index]) images.push('-a', reference);
    await tool('download', '-f', folder, '--format', format, ...served, ...images);
  } finally {
    await registry.close();
  }
  const site = await tool(
    'siteconfig',
    '-c',
    seedSite,
    '-l',
    label,
    '--format',
    format,
    ...served,
    ...(served.length > 0 ? ['--discovery-registry'] : []),
    ...unhurried,
  );
  const list = async (group: string) =>
    (await readFile(join(folder, `${group}-images.txt`), 'utf8')).trimEnd().split('\n');
  const references = { ai: await list('ai'), ocp: await list('ocp') };
  await detached(loops, disk);
  const partitionDigest = () => digestOf(disk.image, label);
  return { image: disk.image, label, hooks: hooksOf(site), references, partitionDigest };
}

/** Loading takes twenty times as long under emulation, and this machine may be busy. */
const unhurried = ['--deadline', '1h'];

/** As few components as can be: those that the discovery needs and one that it does not; about 2 MB. */
const shape = {
  components: 15,
  baseLayers: [600_000, 300_000],
  ownLayer: { min: 10_000, max: 60_000 },
  seed: 'e2e',
};

/** A namespace that another test made while the partition was mounted keeps the disk until that test ends. */
async function detached(loops: LoopDevices, disk: LoopDevice): Promise<void> {
  for (let tries = 20; ; tries -= 1) {
    try {
      await loops.detach(disk);
      return;
    } catch (error) {
      if (tries === 0) throw error;
    }
  }
}

async function tool(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runTool(args);
  if (status === 0) return stdout;
  throw new Error(`${args.join(' ')}: status ${status}\n${stdout}${stderr}`);
}

async function digestOf(image: string, label: string): Promise<string> {
  const { partitiontable } = JSON.parse(await output(['sfdisk', '--json', image])) as {
    partitiontable: { sectorsize: number; partitions: { name?: string; start: number; size: number }[] };
  };
  const partition = partitiontable.partitions.find(({ name }) => name === label);
  if (partition === undefined) throw new Error(`no partition ${label} in ${image}`);
  const start = partition.start * partitiontable.sectorsize;
  const end = start + partition.size * partitiontable.sectorsize - 1;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(image, { start, end, highWaterMark: mebibyte }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
