import { fileURLToPath } from 'node:url';
import type { Digest } from '../../src/core/oci/digest.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { type LargeCatalog, packageName, writeLargeCatalog } from '../large-catalog.ts';
import { barTable, resultTable } from '../markdown.ts';
import { toolAt } from '../tools.ts';
import type { Bench } from './part.ts';

const megabyte = 1e6;
const worker = fileURLToPath(new URL('./catalog-worker.mjs', import.meta.url));
/** How much JSON a second has to be enough for. */
const pace = 300 * megabyte;

/** Six packages out of a large catalog, as a layer of an index image has it; opm reads and prints the bare file. */
export async function catalog(bench: Bench): Promise<string> {
  const { work, small, runs, slowRuns, registry, tell } = bench;
  const json = await writeLargeCatalog(work, (small ? 7 : 700) * megabyte, 'json');
  const yaml = await writeLargeCatalog(work, (small ? 4 : 100) * megabyte, 'yaml');
  const opm = await toolAt('opm', ['version']);
  const track = { registry, work, tell, check: async () => undefined };
  const ours = (name: string, digest: Digest): Contestant => ({
    name: `ours, ${name}`,
    command: () => ({ argv: [process.execPath, worker, work, digest, ...wanted(small)] }),
    converts: false,
  });
  const results = (await contest(
    [
      ours('JSON in a tar', json.plain),
      ours('JSON in a tar.gz', json.gzip),
      ours('YAML in a tar', yaml.plain),
      ours('YAML in a tar.gz', yaml.gzip),
    ],
    runs,
    track,
  )) as [Result, Result, Result, Result];
  const render = ({ folder }: LargeCatalog, name: string): Contestant => ({
    name: `opm render, ${name}`,
    command: () => ({ argv: [opm.path ?? 'opm', 'render', folder, '-o', 'json'] }),
    converts: false,
  });
  const peers =
    opm.path === undefined
      ? []
      : await contest([render(json, 'JSON'), render(yaml, 'YAML')], slowRuns, track);
  const perPace = (result: Result): number => middle(result, 'wall') / (json.size / pace);
  const memory = (result: Result): number => middle(result, 'memory') / megabyte;
  return [
    `${(json.size / megabyte).toFixed(0)} MB of JSON, ${(yaml.size / megabyte).toFixed(0)} MB of YAML; opm ${opm.version}.\n`,
    resultTable([...results, ...peers], opm.path === undefined ? [['opm render', opm.version]] : []),
    barTable(
      [
        { what: 'seconds for 300 MB of JSON', value: perPace(results[0]), most: 1 },
        { what: 'MB of memory, JSON', value: Math.max(memory(results[0]), memory(results[1])), most: 300 },
        { what: 'MB of memory, YAML', value: Math.max(memory(results[2]), memory(results[3])), most: 300 },
      ],
      !small,
    ),
  ].join('\n');
}

/** Of the beginning, the middle and the end. */
function wanted(small: boolean): readonly string[] {
  return (small ? [0, 1] : [3, 7, 20, 100, 150, 199]).map(packageName);
}
