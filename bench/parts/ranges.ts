import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { contest, type Result } from '../contest.ts';
import { crane } from '../contestants/crane.ts';
import { ourImages } from '../contestants/ours.ts';
import { startLine } from '../line.ts';
import { resultTable } from '../markdown.ts';
import { serveImages } from '../sets.ts';
import { absentRows, type Bench, taskAndTrack } from './part.ts';

const mebibyte = 1024 * 1024;

/** One image with one large layer, from a server that gives each connection 25 MB/s. */
export async function ranges(bench: Bench): Promise<string> {
  const { registry, small, runs } = bench;
  const line = await startLine(registry, { bytesPerSecond: 25e6 });
  try {
    const size = (small ? 64 : 320) * mebibyte;
    const ownLayer = { min: size, max: size };
    const images = await serveImages(bench, 'ranges', {
      host: line.host,
      count: 1,
      baseLayer: 1024,
      ownLayer,
    });
    const { task, track } = taskAndTrack(bench, images, line.host);
    const oneCall = crane(task, [1]);
    const contestants = [ourImages(task), ourImages(task, ['--parallel', '1']), ...oneCall.variants];
    const results = (await contest(contestants, runs, track)) as [Result, ...Result[]];
    return [
      `One layer of ${formatBytes(sizesOf(images).unique)}, 25 MB/s for each connection.\n`,
      resultTable(results, absentRows([oneCall])),
    ].join('\n');
  } finally {
    await line.stop();
  }
}
