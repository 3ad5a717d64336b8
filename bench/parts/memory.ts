import { formatBytes } from '../../src/core/quantity.ts';
import { benchShape } from '../../test/support/release-set.ts';
import type { SetImage } from '../../test/support/set-images.ts';
import { contest, middle, type Result } from '../contest.ts';
import { ourImages } from '../contestants/ours.ts';
import { startLine } from '../line.ts';
import { barTable, table } from '../markdown.ts';
import { serveImages, serveRelease } from '../sets.ts';
import { type Bench, taskAndTrack } from './part.ts';

const kibibyte = 1024;
const megabyte = 1e6;

/** So narrow that many connections pay and all of them are used, bytes per second of each. */
const narrow = 3 * megabyte;

interface Row {
  readonly what: string;
  readonly connections: number;
  readonly result: Result;
}

/** What the process holds while it downloads: with all of its connections at work, and with many images. */
export async function memory(bench: Bench): Promise<string> {
  const { registry, small } = bench;
  const line = await startLine(registry, { bytesPerSecond: narrow });
  try {
    const stage = async (what: string, images: readonly SetImage[]): Promise<Row> => {
      const { task, track } = taskAndTrack(bench, images, line.host);
      line.mostConnections();
      const [result] = await contest([ourImages(task, ['--parallel', '64'])], bench.runs, track);
      if (result === undefined) throw new Error('no run of ours');
      return { what, connections: line.mostConnections(), result };
    };
    const { host } = line;
    const large = await serveRelease(bench, 'memory', {
      host,
      ...(small ? {} : benchShape),
      version: '4.14.0',
    });
    const many = await serveImages(bench, 'memory-many', {
      host,
      count: small ? 60 : 600,
      baseLayer: 1024 * kibibyte,
      ownLayer: { min: 64 * kibibyte, max: 256 * kibibyte },
    });
    const few = many.slice(0, many.length / 10);
    const rows = [
      await stage(`${large.length} images of a release`, large),
      await stage(`${few.length} small images`, few),
      await stage(`${many.length} small images`, many),
    ];
    const [ofLarge, ofFew, ofMany] = rows.map(({ result }) => middle(result, 'memory'));
    const bars = [
      { what: 'MB of memory at 64 connections', value: (ofLarge ?? 0) / megabyte, most: 250 },
      { what: 'memory of ten times the images', value: (ofMany ?? 0) / (ofFew ?? 1), most: 1.25 },
    ];
    return `${memoryTable(rows)}\n${barTable(bars, !small)}`;
  } finally {
    await line.stop();
  }
}

function memoryTable(rows: readonly Row[]): string {
  return table(
    ['ours, --parallel 64', 'runs', 'connections', 'memory', 'CPU s', 'wall s'],
    rows.map(({ what, connections, result }) => [
      what,
      String(result.runs.length),
      String(connections),
      formatBytes(middle(result, 'memory')),
      middle(result, 'cpu').toFixed(2),
      middle(result, 'wall').toFixed(2),
    ]),
  );
}
