import { output } from '../../test/support/process.ts';
import { contest, middle, type Result } from '../contest.ts';
import { crane } from '../contestants/crane.ts';
import { ourImages } from '../contestants/ours.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveImages } from '../sets.ts';
import { absentRows, type Bench, taskAndTrack } from './part.ts';

const kibibyte = 1024;

/** The same images again, into a folder that has them all. */
export async function rerun(bench: Bench): Promise<string> {
  const { registry, small, runs } = bench;
  const images = await serveImages(bench, 'rerun', {
    host: registry.host,
    count: small ? 40 : 400,
    baseLayer: 1024 * kibibyte,
    ownLayer: { min: 16 * kibibyte, max: 64 * kibibyte },
  });
  const { task, track } = taskAndTrack(bench, images, registry.host);
  const oneCall = crane(task, [1]);
  const results = (await contest([ourImages(task), ...oneCall.variants], runs, {
    ...track,
    prepare: async (contestant, folder) => {
      const { argv, input } = contestant.command(folder);
      await output(argv, input === undefined ? {} : { input });
    },
  })) as [Result, ...Result[]];
  return [
    `${images.length} images, all of them there.\n`,
    resultTable(results, absentRows([oneCall])),
    barTable([{ what: 'seconds', value: middle(results[0], 'wall'), most: 1.5 }], !small),
  ].join('\n');
}
