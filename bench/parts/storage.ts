import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { type LoopDevices, makeLoopDevices } from '../../test/support/loop-device.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { unmountFully } from '../../test/support/small-disk.ts';
import { measure, median } from '../measure.ts';
import { barTable, table } from '../markdown.ts';
import { serveImages } from '../sets.ts';
import type { Bench } from './part.ts';

const kibibyte = 1024;
/** Files of the layer that an image has for itself. */
const filesPerImage = 100;

/** The bench runs from `build/bench`. */
const fromHere = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

interface Boots {
  readonly images: number;
  /** Seconds; medians. */
  readonly usable: number;
  readonly restored: number;
  /** Where the node had no time for a spare. */
  readonly copiedBack: number;
  readonly spare: number;
  /** Seconds of one load out of the pool of the same partition. */
  readonly reload: number;
  /** By which the file system grew; the most of all runs. Bytes. */
  readonly copied: number;
  readonly bytes: number;
}

/** A ready container storage at the boot of a node: until its images are usable, and after a wipe. */
export async function storage(bench: Bench): Promise<string> {
  const devices = await makeLoopDevices();
  try {
    const [few, many] = [
      await bootAll(bench, devices, bench.small ? 6 : 60),
      await bootAll(bench, devices, bench.small ? 20 : 200),
    ];
    const rows = [few, many].map((boots) => [
      `${boots.images} images, ${formatBytes(boots.bytes)}`,
      boots.usable.toFixed(2),
      boots.restored.toFixed(2),
      boots.spare.toFixed(2),
      boots.copiedBack.toFixed(2),
      boots.reload.toFixed(2),
      (boots.restored / boots.reload).toFixed(3),
      formatBytes(boots.copied),
    ]);
    const head = [
      '',
      'usable after s',
      'restored in s',
      'spare made in s',
      'restored without it in s',
      'loaded from the pool in s',
      'restored ÷ loaded',
      'growth',
    ];
    const worst = Math.max(...[few, many].map(({ restored, reload }) => restored / reload));
    return [
      `Medians of ${bench.runs} boots; the load once. ${filesPerImage} files an image. Caches dropped before each.\n`,
      table(head, rows),
      barTable(
        [
          { what: 'seconds until 60 images are usable', value: few.usable, most: 1 },
          { what: 'seconds until 200 images are usable', value: many.usable, most: 1 },
          { what: 'the one to the other', value: many.usable / few.usable, most: 1.3 },
          { what: 'restored after a wipe to loaded from the pool', value: worst, most: 1 / 20 },
        ],
        !bench.small,
      ),
    ].join('\n');
  } finally {
    await devices.remove();
  }
}

async function bootAll(bench: Bench, devices: LoopDevices, count: number): Promise<Boots> {
  const { registry, work, runs, tell } = bench;
  const images = await serveImages(bench, `storage-${count}`, {
    host: registry.host,
    count,
    baseLayer: 4096 * kibibyte,
    ownLayer: { min: 1024 * kibibyte, max: 4096 * kibibyte },
    files: filesPerImage,
  });
  const { unique } = sizesOf(images);
  const device = await devices.attach({ bytes: 512 * kibibyte ** 2 + 6 * unique });
  await output(['mkfs.xfs', '-q', device.path]);
  const folder = join(devices.scratch, 'mnt');
  await mkdir(folder, { recursive: true });
  await output(['mount', device.path, folder]);
  const wanted = images.flatMap(({ reference }) => ['-a', reference]);
  await output([toolPath, 'download', '-f', folder, '--format', 'storage', '--keep-blobs', ...wanted]);
  const reload = await loadFromPool(bench, folder, devices.scratch);
  await unmountFully(folder, device);

  const taken: (readonly number[])[] = [];
  for (let run = 1; run <= runs; run++) {
    const scratch = join(devices.scratch, 'boot');
    const script = fromHere('boot/precache-storage.sh');
    const argv = [fromHere('bench/storage-boot.sh'), device.path, script, scratch];
    const text = await output(['unshare', '--mount', '--propagation=private', 'bash', ...argv]);
    const figures = text.trim().split(' ').map(Number);
    if (figures[3] !== count) throw new Error(`podman finds ${figures[3]} of ${count} images`);
    taken.push(figures);
    tell(`${count} images: boot ${run} of ${runs}: ${((figures[0] ?? 0) / 1e9).toFixed(2)} s`);
    await rm(scratch, { recursive: true, force: true });
  }
  await devices.detach(device);
  await rm(join(work, `storage-${count}`), { recursive: true });
  const seconds = (at: number): number => median(taken.map((figures) => figures[at] ?? Number.NaN)) / 1e9;
  const copied = Math.max(...taken.map((figures) => figures[2] ?? Number.NaN));
  return {
    images: count,
    usable: seconds(0),
    restored: seconds(1),
    copiedBack: seconds(5),
    spare: seconds(4),
    reload,
    copied,
    bytes: unique,
  };
}

/** Seconds that the script of the pool format takes for the same images, into a storage on the same file system. */
async function loadFromPool({ work, tell }: Bench, folder: string, scratch: string): Promise<number> {
  const [root, conf] = [join(folder, 'loaded'), join(scratch, 'storage.conf')];
  await writeFile(conf, `[storage]\ndriver = "overlay"\ngraphroot = "${root}"\nrunroot = "${scratch}/run"\n`);
  const env = [
    `CONTAINERS_STORAGE_CONF=${conf}`,
    `PRECACHE_FOLDER=${folder}`,
    `PRECACHE_REPORT_DIR=${scratch}/loaded`,
    `PRECACHE_TMPDIR=${scratch}`,
  ];
  const load = ['env', ...env, 'bash', fromHere('boot/extract-images.sh'), 'ocp'];
  await output(['sh', '-c', 'sync; echo 3 >/proc/sys/vm/drop_caches']);
  const { wall } = await measure(
    { argv: ['unshare', '--mount', '--propagation=private', ...load] },
    folder,
    join(work, 'log'),
  );
  tell(`loaded from the pool in ${wall.toFixed(2)} s`);
  await rm(root, { recursive: true, force: true });
  return wall;
}
