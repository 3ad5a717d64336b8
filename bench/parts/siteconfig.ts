import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { formatBytes } from '../../src/core/quantity.ts';
import { packagedTool } from '../../test/support/packaged.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { type Bar, barTable, table } from '../markdown.ts';
import { type Measured, measure, median } from '../measure.ts';
import { readModel, writeSites } from '../sites.ts';
import type { Bench } from './part.ts';

/**
 * `--check` over a repository whose sites have their hooks, and one document alone. Memory is compared between twice as
 * many documents and a fifth of these: all large enough for a thread on each core. The Go tool takes one document a run.
 */
export async function siteconfig(bench: Bench): Promise<string> {
  const { work, small, runs, tell } = bench;
  const count = small ? 500 : 10_000;
  const [many, few] = [2 * count, (2 * count) / 5];
  const check = async (size: number): Promise<Measured> => {
    const folder = join(work, `sites-${size}`);
    await mkdir(folder);
    await writeSites(folder, size);
    const argv = [toolPath, 'siteconfig', '-c', folder, '--check'] as const;
    const taken: Measured[] = [];
    for (let run = 1; run <= runs; run += 1) {
      taken.push(await measure({ argv }, work, join(work, 'log')));
      tell(`${size} documents: run ${run} of ${runs}: ${taken.at(-1)?.wall.toFixed(2)} s`);
    }
    const middle = (figure: keyof Measured): number => median(taken.map((one) => one[figure]));
    return { wall: middle('wall'), cpu: middle('cpu'), memory: middle('memory') };
  };
  const all = await check(count);
  const more = await check(many);
  const part = await check(few);
  const single = await oneDocument(bench);
  const row = (files: number, { wall, cpu, memory }: Measured) => [
    `--check, ${files} documents`,
    wall.toFixed(2),
    cpu.toFixed(2),
    formatBytes(memory),
    (files / wall).toFixed(0),
  ];
  const peer = single.peer;
  return [
    table(
      ['', 'seconds', 'CPU s', 'memory', 'documents/s'],
      [row(count, all), row(many, more), row(few, part)],
    ),
    single.text,
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
          : [{ what: 'seconds a document to the Go tool’s', value: all.wall / count / peer, most: 1 / 30 }]),
        ...single.bars,
      ],
      !small,
    ),
  ].join('\n');
}

interface Single {
  readonly text: string;
  readonly bars: readonly Bar[];
  /** Seconds of the Go tool for a document with hooks; undefined where it is not there. */
  readonly peer: number | undefined;
}

/** One document on standard input, to each program in turns: the more fields with hooks, the more often the Go tool starts jq. */
async function oneDocument({ runs, tools, tell }: Bench): Promise<Single> {
  const bare = await readModel();
  const hooked = await output([toolPath, 'siteconfig', '-c', '-'], { input: bare });
  const documents = [
    { jq: 'twice', what: 'no hooks', text: bare },
    { jq: 'four times', what: 'hooks in one field', text: withoutNodeHooks(hooked) },
    { jq: 'six times', what: 'hooks in both fields', text: hooked },
  ].map((document) => ({ ...document, name: `${document.what}: jq ${document.jq}` }));
  const { path, version } = tools.telcoRanTools;
  const programs = [
    { name: 'bin/factory-precaching-cli, by Node.js', file: toolPath },
    ...(packagedTool === undefined ? [] : [{ name: 'the executable', file: packagedTool }]),
    ...(path === undefined ? [] : [{ name: `the Go tool, ${version}`, file: path }]),
  ].map((program) => ({ ...program, taken: documents.map(() => [] as number[]) }));
  for (let run = 1; run <= 4 * runs + 1; run += 1) {
    for (const { file, taken } of run % 2 === 1 ? programs : programs.toReversed()) {
      for (const [index, { text }] of documents.entries()) taken[index]?.push(await secondsOf(file, text));
    }
  }
  tell('one document: done');
  const figures = programs.map(({ name, taken }) => ({ name, seconds: taken.map(median) }));
  const rows = figures.map(({ name, seconds }) => [name, ...seconds.map((each) => each.toFixed(3))]);
  const absent = path === undefined ? [[`the Go tool is not there: ${version}`, '', '', '']] : [];
  const text = table(
    ['seconds for one document, and how often the Go tool starts jq', ...documents.map(({ name }) => name)],
    [...rows, ...absent],
  );
  const peer = path === undefined ? undefined : figures.at(-1);
  const best = packagedTool === undefined ? figures[0] : figures[1];
  if (peer === undefined || best === undefined) return { text, bars: [], peer: undefined };
  const bars = documents.map(
    ({ what }, index): Bar => ({
      what: `one document, ${what}: ${best.name} to the Go tool`,
      value: (best.seconds[index] ?? Number.NaN) / (peer.seconds[index] ?? Number.NaN),
      most: 1,
    }),
  );
  return { text, bars, peer: peer.seconds.at(-1) };
}

/** The document with the override of the cluster alone, as `siteconfig` wrote it. */
function withoutNodeHooks(hooked: string): string {
  const document = parseDocument(hooked);
  document.deleteIn(['spec', 'clusters', 0, 'nodes', 0, 'ignitionConfigOverride']);
  return document.toString();
}

async function secondsOf(program: string, input: string): Promise<number> {
  const begun = performance.now();
  await output([program, 'siteconfig', '-c', '-'], { input });
  return (performance.now() - begun) / 1000;
}
