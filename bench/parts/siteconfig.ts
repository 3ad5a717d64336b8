import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../src/core/quantity.ts';
import { toolPath } from '../../test/support/process.ts';
import { barTable, table } from '../markdown.ts';
import { type Measured, measure, median } from '../measure.ts';
import { readModel, writeSites } from '../sites.ts';
import type { Bench } from './part.ts';

/**
 * `--check` over a repository whose sites have their hooks, and one document alone. Memory is compared between twice as
 * many documents and a fifth of these: all large enough for a thread on each core.
 */
export async function siteconfig({ work, small, runs, tools, tell }: Bench): Promise<string> {
  const count = small ? 500 : 10_000;
  const [many, few] = [2 * count, (2 * count) / 5];
  const write = async (size: number): Promise<string> => {
    const folder = join(work, `sites-${size}`);
    await mkdir(folder);
    await writeSites(folder, size);
    return folder;
  };
  const document = await readModel();
  const timed = async (argv: readonly [string, ...string[]], input?: string): Promise<Measured> => {
    const taken: Measured[] = [];
    for (let run = 1; run <= runs; run += 1) {
      taken.push(await measure(input === undefined ? { argv } : { argv, input }, work, join(work, 'log')));
      tell(`${argv.slice(1).join(' ')}: run ${run} of ${runs}: ${taken.at(-1)?.wall.toFixed(2)} s`);
    }
    const middle = (figure: keyof Measured): number => median(taken.map((one) => one[figure]));
    return { wall: middle('wall'), cpu: middle('cpu'), memory: middle('memory') };
  };
  const ours = [toolPath, 'siteconfig', '-c'] as const;
  const all = await timed([...ours, await write(count), '--check']);
  const more = await timed([...ours, await write(many), '--check']);
  const part = await timed([...ours, await write(few), '--check']);
  const single = await timed([...ours, '-'], document);
  const { path, version } = tools.telcoRanTools;
  const peer = path === undefined ? undefined : await timed([path, 'siteconfig', '-c', '-'], document);
  const row = (what: string, files: number, { wall, cpu, memory }: Measured) => [
    what,
    wall.toFixed(2),
    cpu.toFixed(2),
    formatBytes(memory),
    (files / wall).toFixed(0),
  ];
  return [
    table(
      ['', 'seconds', 'CPU s', 'memory', 'documents/s'],
      [
        row(`--check, ${count} documents`, count, all),
        row(`--check, ${many} documents`, many, more),
        row(`--check, ${few} documents`, few, part),
        row('one document', 1, single),
        peer === undefined ? [`Go tool: ${version}`, '', '', '', ''] : row('Go tool, one document', 1, peer),
      ],
    ),
    barTable(
      [
        { what: `seconds for ${count} documents at 1500 a second`, value: all.wall, most: count / 1500 },
        {
          what: `memory of ${many} documents by that of ${few}`,
          value: more.memory / part.memory,
          most: 1.5,
        },
        ...(peer === undefined
          ? []
          : [{ what: 'one document, by the Go tool', value: single.wall / peer.wall, most: 1 }]),
      ],
      !small,
    ),
  ].join('\n');
}
