import type { Stage } from '../ignition/boot-hooks.ts';
import type { FileView, UnitView } from './override-view.ts';
import { type Directive, type Piece, wordsOf } from './unit-text.ts';

/** Where the staged partition is mounted by a unit. */
export const mountPoint = '/var/mnt';
/** Where one with a ready container storage is, on the installed node. */
const storageMountPoint = '/var/lib/precache';

/** A service that loads staged images: by its name, or by the script it runs. */
export interface Loader {
  readonly unit: UnitView;
  /** The names of scripts below /usr/local/bin that it runs, with their places. */
  readonly runs: readonly RunScript[];
}

export interface RunScript extends Piece {
  readonly path: string;
  /** Undefined when no file of the override has that path. */
  readonly file: FileView | undefined;
}

/** The services among units that load images. */
export function loadersOf(units: readonly UnitView[], files: readonly FileView[]): Loader[] {
  return units
    .filter((unit) => unit.name.value.endsWith('.service') && unit.contents !== undefined)
    .map((unit) => ({ unit, runs: scriptsRun(unit.directives, files) }))
    .filter(
      ({ unit, runs }) =>
        /^precache-(?:ocp-)?images\.service$/.test(unit.name.value) ||
        runs.some(({ path }) => groupOfScript(path) !== undefined),
    );
}

/** The stage whose images a script loads, by its name. */
export function groupOfScript(path: string): 'ai' | 'ocp' | undefined {
  const group = /\/extract-(ai|ocp)\.sh$/.exec(path)?.[1];
  return group === 'ai' || group === 'ocp' ? group : undefined;
}

/** The group of images that a stage needs. */
export function groupOfStage(stage: Stage): 'ai' | 'ocp' {
  return stage === 'discovery' ? 'ai' : 'ocp';
}

/** The units among others that mount the staged partition. */
export function mountsOf(units: readonly UnitView[]): UnitView[] {
  return units.filter((unit) =>
    wordsOf(unit.directives, 'Where').some(({ word }) =>
      [mountPoint, storageMountPoint].includes(word.replace(/(?<=.)\/$/, '')),
    ),
  );
}

/** The commands of a service, in all phases. */
export function commandsOf(unit: UnitView): readonly Directive[] {
  return unit.directives.filter(({ key }) => key.startsWith('Exec'));
}

function scriptsRun(directives: readonly Directive[], files: readonly FileView[]): RunScript[] {
  return wordsOf(directives, 'ExecStart').flatMap(({ word, ...piece }) => {
    const path = /\/usr\/local\/bin\/[\w.@-]+/.exec(word)?.[0];
    if (path === undefined) return [];
    return [{ ...piece, path, file: files.find((file) => file.path.value === path) }];
  });
}
