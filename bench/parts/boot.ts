import { statfsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { lacking } from '../../test/support/needs.ts';
import { output } from '../../test/support/process.ts';
import { benchShape, writeReleaseSet } from '../../test/support/release-set.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import archivesScript from '../contestants/load-archives.sh?raw';
import loopScript from '../contestants/load-loop.sh?raw';
import { barTable, resultTable, table } from '../markdown.ts';
import type { Command } from '../measure.ts';
import { type StagedImages, stageForLoading } from '../staged-images.ts';
import type { Bench } from './part.ts';

/** The bench runs from `build/bench`. */
const bootScript = fileURLToPath(new URL('../../boot/extract-images.sh', import.meta.url));

/** Loading a staged release into an empty container storage, as the installed node does at its first boot. */
export async function boot(bench: Bench): Promise<string> {
  const lacks = lacking({ root: true, programs: ['skopeo', 'podman', 'jq', 'pigz', 'mkfs.xfs'] });
  if (lacks.length > 0) throw new Error(`loading needs ${lacks.join(', ')}`);
  const { registry, small, runs, work } = bench;
  const shape = { host: 'quay.io', ...(small ? {} : benchShape), version: '4.15.0' };
  const set = await writeReleaseSet(join(work, 'boot'), shape);
  const images = [set.release, ...set.components];
  const staged = await stageForLoading(set.folder, images);
  const contestants = contestantsFor(staged);
  const results = (await contest(contestants, runs, {
    registry,
    work,
    tell: bench.tell,
    prepare: async (_, folder) => {
      await writeStorageConfiguration(folder);
      await output(['bash', '-c', 'sync; echo 3 >/proc/sys/vm/drop_caches']);
    },
    check: (contestant, folder) => expectAllLoaded(contestant, staged, folder),
  })) as [Result, Result, Result];
  const ratio = (to: Result): number => middle(results[0], 'wall') / middle(to, 'wall');
  const peaks = await peaksOf(contestants, work);
  const largest = Math.max(...images.map((image) => sizesOf([image]).unique));
  return [
    `${images.length} images, ${formatBytes(sizesOf(images).unique)}, the largest of them ${formatBytes(largest)}.\n`,
    resultTable(results),
    table(
      ['', 'most bytes in TMPDIR', '÷ the largest image'],
      peaks.map(({ name, spooled }) => [name, formatBytes(spooled), (spooled / largest).toFixed(2)]),
    ),
    barTable(
      [
        { what: 'wall time to that of a bare skopeo loop', value: ratio(results[1]), most: 1.1 },
        { what: "wall time to that of the Go tool's way", value: ratio(results[2]), most: 0.5 },
        {
          what: 'peak extra space to the largest image',
          value: (peaks[0]?.spooled ?? 0) / largest,
          most: 2.5,
        },
      ],
      !small,
    ),
  ].join('\n');
}

function contestantsFor({ folder, lines }: StagedImages): readonly Contestant[] {
  const offline = (storage: string, ...argv: readonly string[]): Command['argv'] => [
    'unshare',
    '--net',
    '--mount',
    '--propagation',
    'private',
    'env',
    `CONTAINERS_STORAGE_CONF=${storage}/storage.conf`,
    `TMPDIR=${storage}/tmp`,
    ...argv,
  ];
  const ours = ['bash', bootScript, 'ocp'];
  return [
    {
      name: 'our script, pool format',
      command: (storage) => ({
        argv: offline(
          storage,
          `PRECACHE_FOLDER=${folder}`,
          `PRECACHE_REPORT_DIR=${storage}`,
          `PRECACHE_TMPDIR=${storage}/tmp`,
          ...ours,
        ),
      }),
      converts: false,
    },
    {
      name: 'skopeo copy dir: in a loop, then sync',
      command: (storage) => ({
        argv: offline(storage, 'bash', '-c', loopScript, 'bash', folder),
        input: lines,
      }),
      converts: false,
    },
    {
      name: "the Go tool's way (tgz, pigz, workers)",
      command: (storage) => ({
        argv: offline(storage, 'bash', '-c', archivesScript, 'bash', folder),
        input: lines,
      }),
      converts: false,
    },
  ];
}

async function writeStorageConfiguration(folder: string): Promise<void> {
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const lines = [
    '[storage]',
    'driver = "overlay"',
    `graphroot = "${folder}/graph"`,
    `runroot = "${folder}/run"`,
  ];
  await writeFile(join(folder, 'storage.conf'), `${lines.join('\n')}\n`);
}

async function expectAllLoaded(
  { name }: Contestant,
  { references }: StagedImages,
  folder: string,
): Promise<void> {
  const env = { CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf') };
  const list = ['podman', 'images', '--all', '--format', 'json'];
  const text = await output(['unshare', '--mount', '--propagation', 'private', ...list], { env });
  const images = JSON.parse(text) as { Names?: string[] }[];
  const names = new Set(images.flatMap(({ Names }) => Names ?? []));
  const missing = references.filter((reference) => !names.has(reference));
  if (missing.length > 0) throw new Error(`${name} left out ${missing.join(', ')}`);
}

/** The most bytes that each had in the spool at once, looked at fifty times a second in a run of its own. */
async function peaksOf(
  contestants: readonly Contestant[],
  work: string,
): Promise<readonly { readonly name: string; readonly spooled: number }[]> {
  const peaks = [];
  for (const { name, command } of contestants) {
    const folder = join(work, 'spooling');
    await writeStorageConfiguration(folder);
    const spool = join(folder, 'tmp');
    await output(['mount', '-t', 'tmpfs', 'tmpfs', spool]);
    let spooled = 0;
    const sampler = setInterval(() => {
      const { bsize, blocks, bfree } = statfsSync(spool);
      spooled = Math.max(spooled, bsize * (blocks - bfree));
    }, 20);
    try {
      const { argv, input = '' } = command(folder);
      await output(argv, { input });
    } finally {
      clearInterval(sampler);
      await output(['umount', spool]);
    }
    peaks.push({ name, spooled });
    await rm(folder, { recursive: true });
  }
  return peaks;
}
