import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { toolPath } from '../../test/support/process.ts';
import { benchShape } from '../../test/support/release-set.ts';
import { bestOf, contest, fastest, middle, type Result } from '../contest.ts';
import { crane } from '../contestants/crane.ts';
import { floor } from '../contestants/floor.ts';
import { goToolPipeline } from '../contestants/go-tool.ts';
import { ourRelease } from '../contestants/ours.ts';
import { regctl } from '../contestants/regctl.ts';
import { skopeoToDirectories, skopeoToLayouts } from '../contestants/skopeo.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveRelease } from '../sets.ts';
import { startUpTime } from '../start-up.ts';
import { absentRows, type Bench, taskAndTrack } from './part.ts';

const curlWidths = [
  { connections: 4, processes: 1 },
  { connections: 16, processes: 1 },
  { connections: 4, processes: 2 },
] as const;

/** A whole release from a registry on this machine into an empty folder. */
export async function cold(bench: Bench): Promise<string> {
  const { registry, small, runs, slowRuns } = bench;
  const images = await serveRelease(bench, 'cold', { host: registry.host, ...(small ? {} : benchShape) });
  const { task, track } = taskAndTrack(bench, images, registry.host);

  const oneCall = crane(task, [1]);
  const peers = [crane(task, [2, 4, 8]), regctl(task, [1, 2, 4, 8]), skopeoToLayouts(task, [2, 4, 8])];
  const floors = [floor(task, 'sha256sum', curlWidths), floor(task, 'openssl', curlWidths)];
  const contestants = [ourRelease(task), ...oneCall.variants, ...(await bestOf(peers, track))];
  const bestFloors = await bestOf(floors, track);
  const results = await contest([...contestants, ...bestFloors], runs, track);
  const [ours, ...others] = results as [Result, ...Result[]];
  const slow = await contest([skopeoToDirectories(task), goToolPipeline(task)], slowRuns, track);
  const peerResults = others.slice(0, -bestFloors.length);
  const floorResults = others.slice(-bestFloors.length);

  const sizes = sizesOf(images);
  const wall = middle(ours, 'wall');
  const to = (result: Result | undefined) => result && wall / middle(result, 'wall');
  const bars = [
    { what: "wall time to that of the Go tool's pipeline", value: to(slow.at(-1)), most: 1 / 15 },
    { what: 'wall time to that of the fastest peer', value: to(fastest(peerResults)), most: 0.9 },
    { what: 'wall time to that of the floor with sha256sum', value: to(floorResults[0]), most: 1.25 },
    { what: 'bytes on disk to unique bytes', value: middle(ours, 'disk') / sizes.unique, most: 1.02 },
    { what: 'seconds until --help is answered', value: await startUpTime(toolPath, ['--help']), most: 0.25 },
  ];
  return [
    `${images.length} images, ${formatBytes(sizes.unique)} unique, ${formatBytes(sizes.perImage)} image by image.\n`,
    resultTable([ours, ...others, ...slow], absentRows([oneCall, ...peers])),
    barTable(bars, !small),
  ].join('\n');
}
