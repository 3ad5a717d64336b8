import {
  type BootHooks,
  bootHooks,
  type HookVariant,
  type IgnitionVersion,
  type Stage,
} from '../ignition/boot-hooks.ts';
import { type MergeResult, mergeHooks } from '../ignition/merge-hooks.ts';
import { hookLabel } from '../ignition/override.ts';
import { type Removal, removeHooks } from '../ignition/remove-hooks.ts';

/** What the hooks are made of. */
export interface HookSettings extends Partial<HookVariant> {
  /** Of the partition (`isPartitionLabel`). */
  readonly label: string;
  /** Of this program, for the comments. */
  readonly version: string;
  /** Seconds after which a loading service ends; without it, those in boot/. */
  readonly deadline?: number | undefined;
  readonly ignition?: IgnitionVersion | undefined;
}

/** The hooks of one run. Its answers are remembered: in a repository, most overrides are the same text. */
export interface HookSet {
  readonly settings: HookSettings;
  readonly merge: (stage: Stage, text: string | undefined) => MergeResult;
  readonly remove: (text: string) => Removal;
  readonly labelOf: (text: string) => string | undefined;
}

/** Makes the hooks from their settings. */
export function createHookSet(settings: HookSettings): HookSet {
  const { label, deadline, ignition, format = 'pool', reclaim = false } = settings;
  const { nodeRegistry, discoveryRegistry = false } = settings;
  const of = (stage: Stage): BootHooks => ({
    ...bootHooks(stage, label, deadline, { format, reclaim, nodeRegistry, discoveryRegistry }),
    version: ignition,
  });
  const hooks = { discovery: of('discovery'), installation: of('installation') };
  const merges = {
    discovery: remembered((text: string | undefined) => mergeHooks(text, hooks.discovery)),
    installation: remembered((text: string | undefined) => mergeHooks(text, hooks.installation)),
  };
  return {
    settings,
    merge: (stage, text) => merges[stage](text),
    remove: remembered(removeHooks),
    labelOf: remembered(hookLabel),
  };
}

/** So many answers are kept at least, and twice as many at most, of texts up to 64 Ki units: some megabytes. */
const mostRecent = 32;
const longestRemembered = 65_536;

/**
 * A function that remembers its last answers. Those asked for of late are in a map of their own; when that is full, it
 * takes the place of the one before. No entry is ever deleted by itself: V8 copies a map's table then and when, and a
 * table that was given up keeps the next one alive, with all texts in it, until the whole heap is collected.
 */
function remembered<K extends string | undefined, V>(answer: (text: K) => V): (text: K) => V {
  let recent = new Map<K, V>();
  let former = new Map<K, V>();
  return (text) => {
    const known = recent.get(text);
    if (known !== undefined) return known;
    const found = former.get(text) ?? answer(text);
    if ((text?.length ?? 0) > longestRemembered) return found;
    if (recent.size >= mostRecent) {
      former = recent;
      recent = new Map();
    }
    recent.set(text, found);
    return found;
  };
}
