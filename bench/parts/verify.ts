import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../src/core/quantity.ts';
import { sizesOf } from '../../test/support/contents.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { benchShape } from '../../test/support/release-set.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { ourRelease } from '../contestants/ours.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveRelease } from '../sets.ts';
import { type Bench, taskAndTrack } from './part.ts';

/** Hashing what was staged: `verify` against programs that hash the same files on all cores and compare nothing. */
export async function verify(bench: Bench): Promise<string> {
  const { registry, small, runs, work } = bench;
  const shape = { ...(small ? {} : benchShape), version: '4.15.0' };
  const images = await serveRelease(bench, 'verify', { host: registry.host, ...shape });
  const { task, track } = taskAndTrack(bench, images, registry.host);
  const staged = join(work, 'verified');
  await mkdir(staged);
  await output(ourRelease(task).command(staged).argv);

  const hashing = (program: string): Contestant => ({
    name: `find, xargs -P2 ${program}`,
    command: () => ({
      argv: [
        'bash',
        '-c',
        `set -o pipefail; find "$1" -type f -print0 | xargs -0 -n 8 -P2 ${program}`,
        'bash',
        join(staged, 'pool/blobs'),
      ],
    }),
    converts: false,
  });
  const contestants = [
    {
      name: 'factory-precaching-cli verify',
      command: () => ({ argv: [toolPath, 'verify', '-f', staged] as const }),
      converts: false,
    },
    hashing('sha256sum'),
    hashing('openssl dgst -sha256'),
  ];
  // Each is right when it ends with 0: nothing is staged in the folder of a run.
  const results = (await contest(contestants, runs, { ...track, check: async () => undefined })) as [
    Result,
    Result,
    Result,
  ];
  const value = middle(results[0], 'wall') / middle(results[1], 'wall');
  return [
    `${images.length} images, ${formatBytes(sizesOf(images).unique)}.\n`,
    resultTable(results),
    barTable([{ what: 'wall time to that of xargs -P2 sha256sum', value, most: 1.1 }], !small),
  ].join('\n');
}
