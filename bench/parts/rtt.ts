import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { bestOf, contest, fastest, middle, type Result } from '../contest.ts';
import { crane } from '../contestants/crane.ts';
import { floor } from '../contestants/floor.ts';
import { ourImages, ourRelease } from '../contestants/ours.ts';
import { regctl } from '../contestants/regctl.ts';
import { skopeoToLayouts } from '../contestants/skopeo.ts';
import { startLine } from '../line.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveRelease } from '../sets.ts';
import { absentRows, type Bench, taskAndTrack } from './part.ts';

const mebibyte = 1024 * 1024;

/** A release whose layers are smaller, so that the way counts and not this machine's processor. */
const farShape = {
  version: '4.13.0',
  components: 60,
  baseLayers: [4 * mebibyte, 8 * mebibyte, 8 * mebibyte],
  ownLayer: { min: mebibyte / 4, max: 4 * mebibyte },
  seed: 'far',
} as const;

/** A release over a line with a round trip of 30 ms. Ours is given the list of images too, as all others are. */
export async function rtt(bench: Bench): Promise<string> {
  const { registry, small, runs } = bench;
  const line = await startLine(registry, { oneWay: 15 });
  try {
    const shape = small ? { version: '4.13.0', seed: 'far' } : farShape;
    const images = await serveRelease(bench, 'far', { host: line.host, ...shape });
    const { task, track } = taskAndTrack(bench, images, line.host);
    const oneCall = crane(task, [1]);
    const peers = [crane(task, [4, 8, 16, 32]), regctl(task, [4, 8, 16]), skopeoToLayouts(task, [8, 16, 32])];
    const bestFloors = await bestOf(
      [
        floor(task, 'openssl', [
          { connections: 16, processes: 1 },
          { connections: 64, processes: 1 },
        ]),
      ],
      track,
    );
    const contestants = [
      ourImages(task),
      ...oneCall.variants,
      ...(await bestOf(peers, track)),
      ...bestFloors,
      ourRelease(task),
    ];
    const results = (await contest(contestants, runs, track)) as [Result, ...Result[]];
    const best = fastest(results.slice(1, -2));
    const value = best && middle(results[0], 'wall') / middle(best, 'wall');
    const sizes = sizesOf(images);
    return [
      `${images.length} images, ${formatBytes(sizes.unique)} unique; 15 ms in each direction and 30 ms for each handshake.\n`,
      resultTable(results, absentRows([oneCall, ...peers])),
      barTable([{ what: 'wall time to that of the fastest peer', value, most: 0.7 }], !small),
    ].join('\n');
  } finally {
    await line.stop();
  }
}
