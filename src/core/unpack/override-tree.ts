import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/** The files of an override, paths below the folder of its cluster or node. */
export interface OverrideTree {
  readonly config: string;
  /** Those of `units/`, `files/` and `append/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A mistake in a file of a tree; its span is one of that file's text. */
export interface TreeMistake {
  readonly path: string;
  readonly diagnostic: Diagnostic;
}

/** An override made of files, and which of them made a difference. */
export interface PackedOverride {
  readonly text: string;
  readonly changes: readonly TreeChange[];
  /** With one, the text is not to be used. */
  readonly mistakes: readonly TreeMistake[];
}

export interface TreeChange {
  readonly path: string;
  readonly what: 'changed' | 'added' | 'removed';
}
