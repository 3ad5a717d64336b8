import { availableParallelism, release as kernelRelease } from 'node:os';
import { formatBytes } from '../src/core/quantity.ts';
import { sizesOf } from '../test/support/contents.ts';
import { output } from '../test/support/process.ts';
import type { ReleaseSet } from '../test/support/release-set.ts';
import type { Result } from './compete.ts';
import { releaseImagesOf } from './contestants.ts';
import { formatTable } from './table.ts';

/** The bench's answer as text. `startUp` is seconds; bars are `judged` only where the set is large enough for them. */
export async function report(
  set: ReleaseSet,
  results: readonly [ours: Result, pipeline: Result, ...others: Result[]],
  startUp: number,
  judged: boolean,
): Promise<string> {
  const images = releaseImagesOf(set);
  const sizes = sizesOf(images);
  const [ours, pipeline] = results;
  const rows = results.map((result) => [
    result.name,
    String(result.runs),
    result.wall.toFixed(2),
    `${(result.wall / ours.wall).toFixed(1)} ×`,
    formatBytes(result.disk),
    `${(result.disk / sizes.unique).toFixed(3)} ×`,
    result.cpu.toFixed(1),
    result.registryCpu.toFixed(1),
    formatBytes(result.memory),
  ]);
  const head = ['', 'runs', 'wall s', 'to ours', 'on disk', 'to unique', 'CPU s', 'registry CPU s', 'memory'];
  const bars: readonly [string, number, number][] = [
    ['wall time to that of skopeo + tar', ours.wall / pipeline.wall, 1 / 8],
    ['bytes on disk to unique bytes', ours.disk / sizes.unique, 1.02],
    ['seconds until --help is answered', startUp, 0.25],
  ];
  return [
    `\n${images.length} images, ${formatBytes(sizes.unique)} unique, ${formatBytes(sizes.perImage)} image by image\n`,
    `${await versions()}\n\n`,
    formatTable([head, ...rows]),
    '\n',
    ...bars.map(([what, value, bar]) => {
      const verdict = judged ? ` (bar ${bar}): ${value <= bar ? 'met' : 'missed'}` : '';
      return `${what}: ${value.toFixed(3)}${verdict}\n`;
    }),
  ].join('');
}

async function versions(): Promise<string> {
  const skopeo = (await output(['skopeo', '--version'])).trim();
  const registry = (await output(['docker-registry', '--version'])).trim();
  const cores = availableParallelism();
  return `node ${process.version}, ${skopeo}, ${registry}, Linux ${kernelRelease()}, ${cores} cores`;
}
