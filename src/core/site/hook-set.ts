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

/** So many answers are kept, of texts up to 64 Ki units: some megabytes at most. */
const mostRemembered = 64;
const longestRemembered = 65_536;

/** A function that remembers its last answers; the one asked for longest ago goes first. */
function remembered<K extends string | undefined, V>(answer: (text: K) => V): (text: K) => V {
  const answers = new Map<K, V>();
  return (text) => {
    const known = answers.get(text);
    const found = known ?? answer(text);
    if ((text?.length ?? 0) > longestRemembered) return found;
    answers.delete(text);
    answers.set(text, found);
    const [oldest] = answers.keys();
    if (answers.size > mostRemembered && oldest !== undefined) answers.delete(oldest);
    return found;
  };
}
