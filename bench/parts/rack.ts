import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { median } from '../measure.ts';
import { barTable, table } from '../markdown.ts';
import { serveImages } from '../sets.ts';
import type { Bench } from './part.ts';

const mebibyte = 1024 * 1024;
const servers = 8;
/** As `bench/rack.sh` has it. */
const wanHost = '10.231.0.1:5000';
const rate = '200mbit';

/** The bench runs from `build/bench`. */
const script = fileURLToPath(new URL('../../bench/rack.sh', import.meta.url));

/** Eight servers behind one line: each downloads for itself, or the first one does and serves the others. */
export async function rack(bench: Bench): Promise<string> {
  const { registry, work, tell, runs, small } = bench;
  const images = await serveImages(bench, 'rack', {
    host: wanHost,
    count: small ? 4 : 20,
    baseLayer: (small ? 1 : 30) * mebibyte,
    ownLayer: { min: mebibyte, max: (small ? 2 : 9) * mebibyte },
  });
  const configuration = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: registry.storage } },
    http: { addr: wanHost, secret: 'only one of them' },
  };
  const config = join(work, 'wan-registry.yml');
  await writeFile(config, JSON.stringify(configuration));
  const references = images.map(({ reference }) => reference);
  const measured = { each: [] as Crossing[], rack: [] as Crossing[] };
  for (let run = 1; run <= runs; run++) {
    for (const how of run % 2 === 1 ? (['each', 'rack'] as const) : (['rack', 'each'] as const)) {
      const crossing = await downloadAll(join(work, 'rack-run'), config, how, references);
      measured[how].push(crossing);
      tell(`${how}: run ${run} of ${runs}: ${crossing.seconds.toFixed(1)} s, ${formatBytes(crossing.bytes)}`);
    }
  }
  const seconds = (how: keyof typeof measured): number => median(measured[how].map((each) => each.seconds));
  const bytes = (how: keyof typeof measured): number => median(measured[how].map((each) => each.bytes));
  const { unique } = sizesOf(images);
  const row = (what: string, how: keyof typeof measured): string[] => [
    what,
    String(measured[how].length),
    seconds(how).toFixed(1),
    formatBytes(bytes(how)),
    (bytes(how) / unique).toFixed(2),
  ];
  return [
    `${servers} servers, ${images.length} images of ${formatBytes(unique)} in all, a line of 200 Mbit/s.\n`,
    table(
      ['', 'runs', 'seconds until all are done', 'bytes over the line', 'of the images'],
      [
        row('each server downloads over the line', 'each'),
        row('the first one does, and serves the others', 'rack'),
      ],
    ),
    barTable(
      [{ what: 'bytes over the line for the rack to the images', value: bytes('rack') / unique, most: 1.15 }],
      !small,
    ),
  ].join('\n');
}

interface Crossing {
  readonly seconds: number;
  readonly bytes: number;
}

/** One run; every server has to have every image afterwards, whole. */
async function downloadAll(
  folder: string,
  config: string,
  how: string,
  references: readonly string[],
): Promise<Crossing> {
  await mkdir(folder);
  const argv = ['unshare', '--net', '--mount', 'bash', script, toolPath, folder, config, rate, how] as const;
  const [begun = 0, ended = 0, bytes = 0] = (await output([...argv, ...references]))
    .trim()
    .split(' ')
    .map(Number);
  for (let server = 1; server <= servers; server++) {
    const staged = join(folder, `server${server}`);
    await output([toolPath, 'verify', '-f', staged]);
    const { images } = JSON.parse(await readFile(join(staged, 'precache.json'), 'utf8')) as {
      images: unknown[];
    };
    if (images.length !== references.length) throw new Error(`server ${server} has ${images.length} images`);
  }
  await rm(folder, { recursive: true });
  return { seconds: ended - begun, bytes };
}
