import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { formatBytes } from '../../src/core/quantity.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { type RunningRegistry, startRegistry, writeMirrorConf } from '../../test/support/running-registry.ts';
import type { SetImage } from '../../test/support/set-images.ts';
import { contest, middle, type Result } from '../contest.ts';
import { cpuSecondsOf, median } from '../measure.ts';
import { type Bar, barTable, resultTable, table } from '../markdown.ts';
import { startNginx } from '../nginx.ts';
import { serveImages } from '../sets.ts';
import type { Bench } from './part.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const megabyte = 1e6;

/** The node's registry: how soon it answers, what it holds, and how fast it is beside nginx and docker-registry. */
export async function serve(bench: Bench): Promise<string> {
  const starts = await startTimes(bench);
  const pulls = await pullTwenty(bench);
  const parallel = await memoryAtWork(bench);
  const blobs = await throughput(bench);
  const text = [starts, parallel, blobs, pulls].map((part) => part.text);
  const bars = [starts, parallel, blobs, pulls].flatMap((part) => part.bars);
  return [...text, barTable(bars, !bench.small)].join('\n');
}

interface Measured {
  readonly text: string;
  readonly bars: readonly Bar[];
}

/** Makes images, serves them from the docker-registry, and stages them. Gives the folder. */
async function stage(
  bench: Bench,
  name: string,
  options: Parameters<typeof serveImages>[2],
): Promise<{ folder: string; images: readonly SetImage[] }> {
  bench.tell(`${name}: staging ${options.count} images`);
  const images = await serveImages(bench, name, options);
  const folder = join(bench.work, `${name}-staged`);
  await mkdir(folder);
  const wanted = images.flatMap(({ reference }) => ['-a', reference]);
  await output([toolPath, 'download', '-f', folder, '--no-mount-check', ...wanted]);
  await rm(join(bench.work, name), { recursive: true });
  return { folder, images };
}

const manifestUrl = (base: string, host: string, { repository, manifest }: SetImage): string =>
  `${base}/v2/${host.replace(':', '_')}/${repository}/manifests/${manifest.digest}`;

/** From the start of the process to the last byte of the first manifest. The sets take turns. */
async function startTimes(bench: Bench): Promise<Measured> {
  const { registry, runs, tell } = bench;
  const sets = [];
  for (const count of bench.small ? [6, 20, 40] : [60, 200, 400]) {
    const sizes = { baseLayer: 64 * kibibyte, ownLayer: { min: 4 * kibibyte, max: 8 * kibibyte } };
    const { folder, images } = await stage(bench, `serve-${count}`, { host: registry.host, count, ...sizes });
    const last = images.at(-1);
    if (last === undefined) throw new Error('no images');
    sets.push({ count, folder, last, starts: [] as Start[] });
  }
  for (let run = 1; run <= 2 * runs + 1; run++) {
    for (const { count, folder, last, starts } of run % 2 === 1 ? sets : sets.toReversed()) {
      const start = await startOnce(folder, (base) => manifestUrl(base, registry.host, last));
      starts.push(start);
      tell(`${count} images: the first manifest after ${start.seconds.toFixed(3)} s`);
    }
  }
  const rows = sets.map(({ count, starts }) => {
    const seconds = starts.map((start) => start.seconds);
    const spread = `${Math.min(...seconds).toFixed(3)}–${Math.max(...seconds).toFixed(3)}`;
    const memory = formatBytes(median(starts.map((start) => start.memory)));
    return [`${count} images`, String(starts.length), median(seconds).toFixed(3), spread, memory];
  });
  const medians = sets.map(({ starts }) => median(starts.map(({ seconds }) => seconds)));
  for (const { folder } of sets) await rm(folder, { recursive: true });
  return {
    text: table(['to the first manifest', 'runs', 'median s', 'from–to', 'memory then'], rows),
    bars: [
      { what: 'seconds to the first manifest, the most', value: Math.max(...medians), most: 0.5 },
      {
        what: 'with the most images to with the fewest',
        value: (medians.at(-1) ?? 0) / (medians[0] ?? 0),
        most: 1.3,
      },
    ],
  };
}

/** One start: seconds, and bytes of memory after the first manifest. */
interface Start {
  readonly seconds: number;
  readonly memory: number;
}

/** Starts the registry on a fixed port, which is asked again as soon as it refused. */
async function startOnce(folder: string, urlAt: (base: string) => string): Promise<Start> {
  const address = '127.0.0.1:22790';
  const begun = performance.now();
  const starting = startRegistry(folder, '--listen', address);
  const url = urlAt(`http://${address}`);
  let whole = false;
  while (!whole) {
    whole = await fetch(url).then(
      async (answer) => answer.ok && (await answer.arrayBuffer()).byteLength > 0,
      () => false,
    );
    if (!whole) await pause(1);
  }
  const seconds = (performance.now() - begun) / 1000;
  const served = await starting;
  const memory = await memoryOf(served, 'VmRSS');
  await served.stop();
  return { seconds, memory };
}

/** Bytes of a line of /proc/PID/status. */
async function memoryOf({ pid }: RunningRegistry, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * kibibyte;
}

/** The most that the process ever held while 32 clients pulled all blobs of 32 images at a time. */
async function memoryAtWork(bench: Bench): Promise<Measured> {
  const { registry, tell, small } = bench;
  const { folder, images } = await stage(bench, 'serve-parallel', {
    host: registry.host,
    count: 32,
    baseLayer: 8 * mebibyte,
    ownLayer: { min: 8 * mebibyte, max: (small ? 9 : 24) * mebibyte },
  });
  const peaks: number[] = [];
  for (let run = 1; run <= bench.runs; run++) {
    const served = await startRegistry(folder);
    const urls = images.flatMap((image) => {
      const manifest = manifestUrl(served.url, registry.host, image);
      const place = manifest.slice(0, manifest.indexOf('/manifests/'));
      return [manifest, ...image.manifest.blobs.map(({ digest }) => `${place}/blobs/${digest}`)];
    });
    const list = `${urls.join('\n')}\n`;
    await output(['xargs', '-P32', '-n1', 'curl', '--fail', '--silent', '--output', '/dev/null'], {
      input: list.repeat(2),
    });
    peaks.push(await memoryOf(served, 'VmHWM'));
    tell(`32 parallel pulls: ${formatBytes(peaks.at(-1) ?? 0)}`);
    await served.stop();
  }
  await rm(folder, { recursive: true });
  const most = Math.max(...peaks);
  return {
    text: `The most memory that 32 parallel pulls ever took, in ${peaks.length} runs: ${formatBytes(Math.min(...peaks))} to ${formatBytes(most)}.\n`,
    bars: [{ what: 'MiB of memory under 32 parallel pulls, the most', value: most / mebibyte, most: 120 }],
  };
}

/** One blob of 512 MiB out of the page cache: one client, and four at a time. */
async function throughput(bench: Bench): Promise<Measured> {
  const { registry, work, tell, runs } = bench;
  const size = (bench.small ? 16 : 512) * mebibyte;
  const { folder, images } = await stage(bench, 'serve-blob', {
    host: registry.host,
    count: 1,
    baseLayer: kibibyte,
    ownLayer: { min: size, max: size },
  });
  const [image] = images;
  const digest = image?.manifest.blobs.at(-1)?.digest ?? '';
  const nginx = await startNginx(work, join(folder, 'pool/blobs'));
  const ours = await startRegistry(folder);
  try {
    const servers = [
      {
        name: 'registry serve',
        pid: ours.pid,
        url: `${ours.url}/v2/${registry.host.replace(':', '_')}/${image?.repository}/blobs/${digest}`,
      },
      { name: nginx.version, pid: nginx.pid, url: `${nginx.url}/${digest.replace(':', '/')}` },
      {
        name: 'docker-registry',
        pid: registry.pid,
        url: `${registry.url}/v2/${image?.repository}/blobs/${digest}`,
      },
    ];
    const measured = servers.map((server) => ({
      ...server,
      one: [] as number[],
      four: [] as number[],
      cpu: [] as number[],
    }));
    for (let run = 1; run <= 2 * runs + 1; run++) {
      for (const server of run % 2 === 1 ? measured : measured.toReversed()) {
        const before = cpuSecondsOf(server.pid);
        server.one.push(size / (await secondsOf(server.url, 1)) / megabyte);
        server.four.push((4 * size) / (await secondsOf(server.url, 4)) / megabyte);
        server.cpu.push((cpuSecondsOf(server.pid) - before) / ((5 * size) / 1e9));
        tell(
          `${server.name}: run ${run}: ${(server.one.at(-1) ?? 0).toFixed(0)} MB/s, four ${(server.four.at(-1) ?? 0).toFixed(0)} MB/s`,
        );
      }
    }
    const rows = measured.map(({ name, one, four, cpu }) => [
      name,
      String(one.length),
      median(one).toFixed(0),
      `${Math.min(...one).toFixed(0)}–${Math.max(...one).toFixed(0)}`,
      median(four).toFixed(0),
      `${Math.min(...four).toFixed(0)}–${Math.max(...four).toFixed(0)}`,
      median(cpu).toFixed(2),
    ]);
    const rate = (at: number, of: 'one' | 'four'): number => median(measured[at]?.[of] ?? []);
    const bars = (['one', 'four'] as const).flatMap((of) => [
      {
        what: `throughput of nginx to ours, ${of} client${of === 'one' ? '' : 's'}`,
        value: rate(1, of) / rate(0, of),
        most: 1.25,
      },
      {
        what: `throughput of docker-registry to ours, ${of} client${of === 'one' ? '' : 's'}`,
        value: rate(2, of) / rate(0, of),
        most: 1,
      },
    ]);
    const head = ['one blob, curl', 'runs', 'MB/s', 'from–to', 'four at a time', 'from–to', 'CPU s a GB'];
    return { text: `A blob of ${formatBytes(size)} out of the page cache.\n\n${table(head, rows)}`, bars };
  } finally {
    await ours.stop();
    await nginx.stop();
    await rm(folder, { recursive: true });
  }
}

/** How long so many clients take for a URL at a time. */
async function secondsOf(url: string, clients: number): Promise<number> {
  const input = `${url}\n`.repeat(clients);
  const begun = performance.now();
  await output(['xargs', `-P${clients}`, '-n1', 'curl', '--fail', '--silent', '--output', '/dev/null'], {
    input,
  });
  return (performance.now() - begun) / 1000;
}

/** `podman pull` of 20 images, one after the other, into an empty storage. */
async function pullTwenty(bench: Bench): Promise<Measured> {
  const { registry, work, tell, runs } = bench;
  const count = bench.small ? 3 : 20;
  const { folder, images } = await stage(bench, 'serve-podman', {
    host: registry.host,
    count,
    baseLayer: 30 * mebibyte,
    ownLayer: { min: 6 * mebibyte, max: 19 * mebibyte },
    files: 20,
  });
  const ours = await startRegistry(folder);
  const mirrored = join(work, 'mirrored.conf');
  const direct = join(work, 'direct.conf');
  await writeMirrorConf(mirrored, registry.host, ours.host);
  await writeFile(direct, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  const references = images.map(({ reference }) => reference);
  const pulling = (name: string, conf: string) => ({
    name,
    converts: false,
    command: (into: string) => ({
      argv: [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'bash',
        '-c',
        pullScript,
        'bash',
        into,
        conf,
        ...references,
      ] as const,
    }),
  });
  try {
    const contestants = [
      pulling('by way of registry serve', mirrored),
      pulling('from docker-registry', direct),
    ];
    // podman ends with another status than 0 where an image is missing.
    const results = (await contest(contestants, runs, {
      registry,
      work,
      tell,
      check: async () => undefined,
    })) as [Result, Result];
    const value = middle(results[0], 'wall') / middle(results[1], 'wall');
    return {
      text: `podman pull of ${count} images.\n\n${resultTable(results)}`,
      bars: [{ what: 'podman pull by way of ours to from docker-registry', value, most: 1.05 }],
    };
  } finally {
    await ours.stop();
    await rm(folder, { recursive: true });
  }
}

const pullScript = `
  printf '[storage]\\ndriver = "overlay"\\ngraphroot = "%s/graph"\\nrunroot = "%s/run"\\n' "$1" "$1" >"$1/storage.conf"
  export CONTAINERS_STORAGE_CONF="$1/storage.conf" CONTAINERS_REGISTRIES_CONF="$2" TMPDIR="$1"
  shift 2
  exec podman pull --quiet "$@"`;
