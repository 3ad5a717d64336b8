import type { DockerRegistry } from '../../test/support/docker-registry.ts';
import type { SetImage } from '../../test/support/set-images.ts';
import { expectAllStaged } from '../check.ts';
import type { Track } from '../contest.ts';
import type { Family, Task } from '../contestants/contestant.ts';
import type { Tools } from '../tools.ts';

/** What all parts of the bench work with. */
export interface Bench {
  readonly registry: DockerRegistry;
  /** A folder on a disk, for all that is made. */
  readonly work: string;
  readonly tools: Tools;
  /** Runs of each contestant; the median counts. */
  readonly runs: number;
  /** Runs of those that take minutes: the Go tool's pipeline, and skopeo by itself. */
  readonly slowRuns: number;
  /** Sets of a few MB: shows that the bench works. Nothing is judged. */
  readonly small: boolean;
  readonly tell: (text: string) => void;
}

/** A part of the bench: measures, and gives its tables as Markdown. */
export type Part = (bench: Bench) => Promise<string>;

/** The task of staging images, and a track on which everybody's result is checked for them. */
export function taskAndTrack(
  { tools, registry, work, tell }: Bench,
  images: readonly SetImage[],
  host: string,
): { readonly task: Task; readonly track: Track } {
  return {
    task: { images, host, tools },
    track: {
      registry,
      work,
      tell,
      check: (contestant, folder) => expectAllStaged(contestant, images, folder),
    },
  };
}

/** Rows of a table for the families whose program is not there. */
export function absentRows(families: readonly Family[]): readonly (readonly [string, string])[] {
  return families.flatMap(({ name, absent }) => (absent === undefined ? [] : [[name, absent] as const]));
}
