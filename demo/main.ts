import { cp, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes, formatSeconds } from '../src/core/quantity.ts';
import type { RehearsalReport } from '../src/workflows/rehearse-boot.ts';
import { sizesOf } from '../test/support/contents.ts';
import { startFakeRegistry } from '../test/support/fake-registry.ts';
import { lacking } from '../test/support/needs.ts';
import { output, runTool, toolPath } from '../test/support/process.ts';
import { imagesOf, writeReleaseSet } from '../test/support/release-set.ts';
import { makeTemporaryFolder } from '../test/support/temporary-folder.ts';

/** What the demo leaves to look at. */
const results = 'demo-out';
const seedSite = 'test/fixtures/site/siteconfig-seed.yaml';
const gibibyte = 1024 ** 3;

/** Undone in reverse order at the end, however it comes. */
const cleanUp: (() => Promise<unknown>)[] = [];
const started = performance.now();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
let count = 0;
const step = (text: string): void => {
  count += 1;
  say(`\n${count}. ${text}`);
};

/** Runs our program as a user would: the command line is shown; what it says on stdout is returned. */
async function tool(...args: string[]): Promise<string> {
  say(`   $ factory-precaching-cli ${args.join(' ')}`);
  const { status, stdout, stderr } = await runTool(args);
  if (status !== 0) throw new Error(`exit status ${status}\n${stdout}${stderr}`);
  return stdout;
}

async function main(): Promise<void> {
  say(`The tool is ${toolPath}.`);
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  const temporary = await makeTemporaryFolder();
  cleanUp.push(() => temporary.remove());
  const folder = join(temporary.path, 'staged');
  await mkdir(folder);

  step('A registry in this process holds a small release: components with shared layers, a tag, an index.');
  const registry = await startFakeRegistry();
  cleanUp.push(() => registry.close());
  const set = await writeReleaseSet(join(temporary.path, 'set'), { host: registry.host });
  registry.add(set);
  const images = imagesOf(set);
  const sizes = sizesOf(images);
  say(
    `   ${images.length} images at ${registry.url}: ${formatBytes(sizes.unique)} unique, ${formatBytes(sizes.perImage)} image by image`,
  );

  const device = await partition(temporary.path, folder);

  step('Stage the release and four more images.');
  const additional = Object.values(set.additional)
    .map(({ reference }) => reference)
    .join(',');
  const download = [
    'download',
    '-f',
    folder,
    '--release-image',
    set.release.reference,
    '-a',
    additional,
    '-o',
    'json',
  ];
  if (device === undefined) download.push('--no-mount-check');
  const first = JSON.parse(await tool(...download)) as Summary;
  const disk = await bytesOnDisk(folder);
  say(
    `   ${first.staged} images staged in ${formatSeconds(first.seconds)}: ${formatBytes(first.fetchedBytes)} fetched, ${formatBytes(disk)} on disk;`,
  );
  say(
    `   one archive an image would take ${formatBytes(sizes.perImage)}, ${(sizes.perImage / disk).toFixed(1)} times as much`,
  );

  step('Stage them again: nothing is downloaded.');
  const asked = registry.log.length;
  const second = JSON.parse(await tool(...download)) as Summary;
  const blobs = registry.log.slice(asked).filter(({ path }) => path.includes('/blobs/')).length;
  say(
    `   ${second.existed} images there already, ${formatBytes(second.fetchedBytes)} and ${blobs} blobs fetched, ${formatSeconds(second.seconds)}`,
  );
  if (second.fetchedBytes !== 0 || second.existed !== images.length)
    throw new Error('the second run downloaded something');

  step("Write the hooks into the SiteConfig of the product's documentation.");
  const site = await tool('siteconfig', '-c', seedSite, '-l', 'data');
  // The one of the documentation is of another release than the one that was made here.
  const edited = site.replace(/(?<=clusterImageSetNameRef: ).*$/gm, `"img${set.version}-x86-64"`);
  await writeFile(join(results, 'siteconfig.yaml'), edited);
  const lines = new Set((await readFile(seedSite, 'utf8')).split('\n'));
  say(
    `   ${site.split('\n').filter((line) => !lines.has(line)).length} lines are new or changed; see ${results}/siteconfig.yaml`,
  );

  await cp(folder, join(results, 'staged'), { recursive: true });
  const boots = await rehearse(temporary.path, folder, join(results, 'siteconfig.yaml'));

  step('Figures');
  const rows = [
    ['images', String(images.length)],
    ['bytes fetched', formatBytes(first.fetchedBytes)],
    ['bytes fetched by a second run', formatBytes(second.fetchedBytes)],
    ['bytes on disk', formatBytes(disk)],
    ['bytes as one archive an image', formatBytes(sizes.perImage)],
    ['seconds to stage', formatSeconds(first.seconds)],
    ...boots,
    ['seconds in all', formatSeconds((performance.now() - started) / 1000)],
  ];
  for (const [name = '', value = ''] of rows) say(`   ${name.padEnd(36)}${value}`);
  say(
    `\nLook into ${results}/: the edited siteconfig.yaml, rehearsal.json, and staged/, which is what the partition holds.`,
  );
}

interface Summary {
  readonly staged: number;
  readonly existed: number;
  readonly fetchedBytes: number;
  readonly seconds: number;
}

/** As root: a disk (a file on a loop device) gets its partition, mounted on the folder. Gives the partition's path. */
async function partition(work: string, folder: string): Promise<string | undefined> {
  const lacks = lacking({ root: true, programs: ['sgdisk', 'mkfs.xfs', 'losetup'] });
  if (lacks.length > 0) {
    step(`No disk is partitioned here (it needs ${lacks.join(', ')}): a plain folder takes its place.`);
    return undefined;
  }
  step('A disk of 4 GiB gets a partition of 2 GiB at its end.');
  const image = join(work, 'disk.img');
  await writeFile(image, '');
  await truncate(image, 4 * gibibyte);
  const loop = (await output(['losetup', '--find', '--show', image])).trim();
  cleanUp.push(() => output(['losetup', '--detach', loop]));
  const path = (await tool('partition', '-d', loop, '-s', '2', '-l', 'data', '--mount', folder)).trim();
  // A loop device without a partition scan keeps partitions that were added to it.
  cleanUp.push(() => output(['partx', '--delete', loop]));
  cleanUp.push(async () => {
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    if (mounts.includes(` ${folder} `)) await output(['umount', folder]);
  });
  say(`   ${path} is mounted on ${folder}`);
  return path;
}

/** Both stages of the first boot, with the units and scripts out of the SiteConfig, where no network is. */
async function rehearse(work: string, folder: string, site: string): Promise<[string, string][]> {
  const lacks = lacking({ programs: ['skopeo', 'podman', 'jq', 'unshare'] });
  if (lacks.length > 0) {
    step(`The first boot is not rehearsed: it needs ${lacks.join(', ')}.`);
    return [];
  }
  step('Rehearse the first boot with what the SiteConfig says now, in both stages, without a network.');
  const options = ['--site', site, '--scratch', work];
  const report = JSON.parse(
    await tool('rehearse', '-f', folder, ...options, '-o', 'json'),
  ) as RehearsalReport;
  await writeFile(join(results, 'rehearsal.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  for (const { stage, images, present, seconds, networkAttempts, leftMounted } of report.stages) {
    say(
      `   ${stage}: ${present} of ${images} images are there by name after ${formatSeconds(seconds)}; ${networkAttempts} asked for over the network, ${leftMounted.length} mounts left`,
    );
  }
  const { proven, bytesWritten } = report.unchanged;
  say(
    `   ${report.partition === null ? 'the folder' : 'the partition'} ${proven ? 'is' : 'is not'} as it was${bytesWritten === null ? '' : `, ${formatBytes(bytesWritten)} written to it`}`,
  );
  return report.stages.map(({ stage, seconds }) => [
    `seconds to load, ${stage} stage`,
    formatSeconds(seconds),
  ]);
}

/** As `du` counts: blocks, and each hard-linked file once. */
async function bytesOnDisk(folder: string): Promise<number> {
  await stat(folder);
  return Number.parseInt(await output(['du', '--summarize', '--block-size=1', folder]), 10);
}

async function finish(): Promise<void> {
  for (const undo of cleanUp.toReversed()) {
    await undo().catch((error: unknown) => say(`clean-up: ${String(error)}`));
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void finish().then(() => process.exit(130)));
}
try {
  await main();
} catch (error) {
  say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await finish();
}
