import type { SetImage } from '../../test/support/set-images.ts';
import type { Command } from '../measure.ts';
import type { Tools } from '../tools.ts';

/** What every contestant has to stage, from where, and the programs it may use. */
export interface Task {
  readonly images: readonly SetImage[];
  /** What the references of the images begin with. */
  readonly host: string;
  readonly tools: Tools;
}

/** A way of staging images into an empty folder. */
export interface Contestant {
  readonly name: string;
  readonly command: (folder: string) => Command;
  /** Whether it writes manifests and configs anew, so that only layers can be compared. */
  readonly converts: boolean;
  /** Makes plain files of what was staged, for the check. */
  readonly unpack?: (folder: string) => Promise<void>;
}

/** A program that may run at more or less of a width (processes, connections); its best counts. */
export interface Family {
  readonly name: string;
  /** Empty where the program is not there. */
  readonly variants: readonly Contestant[];
  /** Why there are none. */
  readonly absent?: string;
}

/** The references of a task, one a line. */
export function referenceLines({ images }: Task): string {
  return images.map(({ reference }) => `${reference}\n`).join('');
}
