import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DockerRegistry } from '../test/support/docker-registry.ts';
import { output } from '../test/support/process.ts';
import type { Contestant, Family } from './contestants/contestant.ts';
import { cpuSecondsOf, type Measured, measure, median } from './measure.ts';

/** Where a contest takes place; all work in the same folder, one after the other. */
export interface Track {
  readonly registry: DockerRegistry;
  readonly work: string;
  readonly tell: (text: string) => void;
  /** Throws unless the contestant did all of its work in the folder. */
  readonly check: (contestant: Contestant, folder: string) => Promise<void>;
  /** What is done in the folder of a run before it, untimed. */
  readonly prepare?: (contestant: Contestant, folder: string) => Promise<void>;
}

/** What one run took, and what it left on the disk (allocated bytes, each file once). */
export interface Run extends Measured {
  readonly registryCpu: number;
  readonly disk: number;
}

/** A contestant's runs, in order; at least one. */
export interface Result {
  readonly name: string;
  readonly runs: readonly Run[];
}

/** The median of one figure over the runs. */
export function middle(result: Result, figure: keyof Run): number {
  return median(result.runs.map((run) => run[figure]));
}

/** The fastest of results. */
export function fastest(results: readonly Result[]): Result | undefined {
  return results.toSorted((a, b) => middle(a, 'wall') - middle(b, 'wall'))[0];
}

/**
 * Lets each contestant run `runs` times, each time into an empty folder. They take turns, every other round in
 * backward order, so that what else the machine does hits all alike.
 */
export async function contest(
  contestants: readonly Contestant[],
  runs: number,
  track: Track,
): Promise<Result[]> {
  const measured = contestants.map((contestant) => ({ contestant, runs: [] as Run[] }));
  for (let round = 1; round <= runs; round++) {
    for (const { contestant, runs: own } of round % 2 === 1 ? measured : measured.toReversed()) {
      const run = await runOnce(contestant, track);
      own.push(run);
      track.tell(`${contestant.name}: run ${round} of ${runs}: ${run.wall.toFixed(2)} s`);
    }
  }
  return measured.map(({ contestant, runs: own }) => ({ name: contestant.name, runs: own }));
}

/** The variant of each family that is fastest in two trials; none of a family that has none. */
export async function bestOf(families: readonly Family[], track: Track): Promise<Contestant[]> {
  const best: Contestant[] = [];
  for (const { variants } of families) {
    const trials = variants.length > 1 ? await contest(variants, 2, track) : [];
    const name = fastest(trials)?.name;
    best.push(...variants.filter((variant) => variants.length === 1 || variant.name === name));
  }
  return best;
}

async function runOnce(contestant: Contestant, track: Track): Promise<Run> {
  const { registry, work } = track;
  const folder = join(work, 'staged');
  await mkdir(folder);
  await track.prepare?.(contestant, folder);
  await output(['sync']);
  const registryBefore = cpuSecondsOf(registry.pid);
  const taken = await measure(contestant.command(folder), folder, join(work, 'log'));
  const registryCpu = cpuSecondsOf(registry.pid) - registryBefore;
  const disk = Number.parseInt(await output(['du', '-s', '--block-size=1', folder]), 10);
  await track.check(contestant, folder);
  await rm(folder, { recursive: true });
  return { ...taken, registryCpu, disk };
}
