import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DockerRegistry } from '../test/support/docker-registry.ts';
import { output } from '../test/support/process.ts';
import type { ReleaseSet } from '../test/support/release-set.ts';
import { type Contestant, releaseImagesOf } from './contestants.ts';
import { cpuSecondsOf, type Measured, measure, median } from './measure.ts';

/** What one run took, and what it left on the disk (allocated bytes, each file once). */
interface Run extends Measured {
  readonly registryCpu: number;
  readonly disk: number;
}

/** The medians of a contestant's runs. */
export interface Result extends Run {
  readonly name: string;
  readonly runs: number;
}

/** Where the contest takes place; all work in the same folder, one after the other. */
export interface Track {
  readonly set: ReleaseSet;
  readonly registry: DockerRegistry;
  readonly work: string;
  readonly tell: (text: string) => void;
}

/** Lets a contestant stage the release `runs` times into an empty folder. Throws if it leaves an image out. */
export async function compete(contestant: Contestant, runs: number, track: Track): Promise<Result> {
  const measured: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    track.tell(`${contestant.name}: run ${run} of ${runs}`);
    measured.push(await runOnce(contestant, track));
  }
  const middle = (field: keyof Run) => median(measured.map((run) => run[field]));
  return {
    name: contestant.name,
    runs,
    wall: middle('wall'),
    cpu: middle('cpu'),
    memory: middle('memory'),
    registryCpu: middle('registryCpu'),
    disk: middle('disk'),
  };
}

async function runOnce(contestant: Contestant, { set, registry, work }: Track): Promise<Run> {
  const folder = join(work, 'staged');
  await mkdir(folder);
  await output(['sync']);
  const registryBefore = cpuSecondsOf(registry.pid);
  const taken = await measure(contestant.command(folder), folder, join(work, 'log'));
  const registryCpu = cpuSecondsOf(registry.pid) - registryBefore;
  const disk = Number.parseInt(await output(['du', '-s', '--block-size=1', folder]), 10);
  await expectAllStaged(contestant, set, folder);
  await rm(folder, { recursive: true });
  return { ...taken, registryCpu, disk };
}

async function expectAllStaged(contestant: Contestant, set: ReleaseSet, folder: string): Promise<void> {
  const staged = new Set(await contestant.staged(folder));
  const missing = releaseImagesOf(set).filter(({ manifest }) => !staged.has(manifest.digest));
  if (missing.length === 0) return;
  throw new Error(`${contestant.name} left out ${missing.map(({ reference }) => reference).join(', ')}`);
}
