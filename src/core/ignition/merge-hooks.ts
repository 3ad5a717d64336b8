import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import {
  type Addition,
  editItems,
  type Layout,
  layoutOf,
  printJson,
  reflowJson,
  replaceValue,
  yamlSafeJson,
} from '../json/layout.ts';
import {
  type JsonArray,
  type JsonNode,
  type JsonObject,
  memberOf,
  parseJson,
  plainValue,
  textMember,
} from '../json/tree.ts';
import { applySplices, type Splice } from '../splice.ts';
import { type BootHooks, hookPaths, hookUnits } from './boot-hooks.ts';
import { mergedMistakes, readOverride } from './override.ts';
import { removeHooks } from './remove-hooks.ts';

/**
 * The merged override, or why there is none. Spans are offsets in the text that was to be merged. `rest`: what it holds
 * besides the hooks, where that is known without looking (`removeHooks`).
 */
export type MergeResult =
  | { readonly text: string; readonly rest?: string; readonly mistakes: readonly [] }
  | { readonly text: undefined; readonly mistakes: readonly Diagnostic[] };

const newVersion = '3.1.0';

/**
 * Merges the hooks into an override by Ignition's rules (docs/operator-notes of Ignition: units by name, files by
 * path, the child wins): what is the user's own stays as it is written and where it is, hooks of any generation are
 * replaced where they are or removed. The same text comes back when the hooks are in it already.
 */
export function mergeHooks(text: string | undefined, hooks: BootHooks): MergeResult {
  if (text === undefined) return newOverride(hooks);
  const reading = readOverride(text);
  if (reading.root === undefined) return { text: undefined, mistakes: reading.mistakes };
  const splices = spliceHooks(text, reading.root, hooks);
  if (splices.length === 0) return { text, mistakes: [] };
  const trimmed = text.trim();
  const lines = trimmed.includes('\n') ? trimmed : reflowed(trimmed);
  const again = parseJson(lines).root;
  if (again?.type !== 'object') throw new Error('a JSON object is none after white space changed');
  const merged = `${yamlSafeJson(applySplices(lines, spliceHooks(lines, again, hooks)))}\n`;
  const mistakes = mergedMistakes(text, merged);
  return mistakes.length === 0 ? { text: merged, mistakes: [] } : { text: undefined, mistakes };
}

function newOverride({ units, files, version = newVersion }: BootHooks): MergeResult {
  const rest = { ignition: { version } };
  const value = { ...rest, systemd: { units }, storage: { files } };
  return { text: `${printJson(value, '  ')}\n`, rest: `${printJson(rest, '  ')}\n`, mistakes: [] };
}

function reflowed(text: string): string {
  const { root } = parseJson(text);
  return root === undefined ? text : reflowJson(text, root);
}

function spliceHooks(text: string, root: JsonObject, hooks: BootHooks): Splice[] {
  const layout = layoutOf(text, root);
  const missing: Addition[] = [];
  const nested: Splice[] = [];
  const section = (name: string, lists: readonly ListEdit[], fresh: unknown): void => {
    const object = memberOf(root, name);
    if (object === undefined) missing.push({ name, value: fresh });
    else if (object.type === 'object') nested.push(...editSection(layout, object, lists));
  };
  const ignition = memberOf(root, 'ignition');
  const version = hooks.version ?? newVersion;
  if (ignition === undefined) missing.push({ name: 'ignition', value: { version } });
  else if (ignition.type === 'object') nested.push(...editVersion(layout, ignition, hooks));
  section('systemd', [unitList(hooks)], { units: hooks.units });
  section('storage', storageLists(hooks), { files: hooks.files });
  return [...nested, ...(missing.length === 0 ? [] : editItems(layout, root, () => true, missing))];
}

/** A newer version takes all that an older one has; the other way only where nothing is the user's own. */
function editVersion(layout: Layout, ignition: JsonObject, { version }: BootHooks): Splice[] {
  const written = memberOf(ignition, 'version');
  if (written === undefined) {
    return editItems(layout, ignition, () => true, [{ name: 'version', value: version ?? newVersion }]);
  }
  const value = plainValue(written);
  if (version === undefined || value === version) return [];
  const may = String(value) < version || isBare(layout.text);
  return may ? [replaceValue(layout, written, version)] : [];
}

function isBare(text: string): boolean {
  const removal = removeHooks(text);
  return removal.text !== undefined && removal.bare;
}

/** What has to become of one list of a section. */
interface ListEdit {
  readonly name: string;
  /** The items it has to hold, each with the key that finds it. */
  readonly wanted: readonly (readonly [key: string, item: object])[];
  readonly keyOf: (item: JsonNode) => string | undefined;
  /** Keys that only hooks have: such items go when they are not wanted. */
  readonly owned: readonly string[];
  readonly update: (layout: Layout, existing: JsonNode, wanted: object) => Splice[];
}

function unitList({ units }: BootHooks): ListEdit {
  return {
    name: 'units',
    wanted: units.map((unit) => [unit.name, unit]),
    keyOf: (item) => textMember(item, 'name')?.value,
    owned: hookUnits,
    update: updateUnit,
  };
}

function storageLists({ files }: BootHooks): ListEdit[] {
  const none = { wanted: [], keyOf: pathOf, owned: hookPaths, update: updateFile };
  return [
    { ...none, name: 'files', wanted: files.map((file) => [file.path, file]) },
    // Files, links and directories share one key space: a file that comes later removes a link of its path.
    { ...none, name: 'links' },
    { ...none, name: 'directories' },
  ];
}

function pathOf(item: JsonNode): string | undefined {
  return textMember(item, 'path')?.value;
}

/** A file of ours has nothing of the user's: old contents, compression and checks go together. */
function updateFile(layout: Layout, existing: JsonNode, wanted: object): Splice[] {
  return isDeepStrictEqual(plainValue(existing), wanted) ? [] : [replaceValue(layout, existing, wanted)];
}

function editSection(layout: Layout, section: JsonObject, lists: readonly ListEdit[]): Splice[] {
  const missing: Addition[] = [];
  const splices = lists.flatMap((list) => {
    const array = memberOf(section, list.name);
    if (array?.type === 'array') return editList(layout, array, list);
    if (array === undefined && list.wanted.length > 0) {
      missing.push({ name: list.name, value: list.wanted.map(([, item]) => item) });
    }
    return [];
  });
  return [...splices, ...(missing.length === 0 ? [] : editItems(layout, section, () => true, missing))];
}

function editList(layout: Layout, array: JsonArray, list: ListEdit): Splice[] {
  const keys = array.items.map(list.keyOf);
  const wanted = new Map(list.wanted);
  const stays = (index: number): boolean => {
    const key = keys[index];
    if (key === undefined || !list.owned.includes(key)) return true;
    return wanted.has(key) && keys.indexOf(key) === index;
  };
  const updates = array.items.flatMap((item, index) => {
    const update = wanted.get(keys[index] ?? '');
    return update === undefined || !stays(index) ? [] : list.update(layout, item, update);
  });
  const additions = list.wanted.filter(([key]) => !keys.includes(key)).map(([, value]) => ({ value }));
  return [...updates, ...editItems(layout, array, stays, additions)];
}

/** Sets what a hook sets and leaves the rest, the user's own drop-ins above all. */
function updateUnit(layout: Layout, existing: JsonNode, wanted: object): Splice[] {
  if (existing.type !== 'object') return [];
  const values = new Map<string, unknown>(Object.entries(wanted));
  const replaced = existing.items.flatMap(({ name, value }) =>
    !values.has(name) || isDeepStrictEqual(plainValue(value), values.get(name))
      ? []
      : [replaceValue(layout, value, values.get(name))],
  );
  const stays = (index: number) => existing.items[index]?.name !== 'enabled' || values.has('enabled');
  const additions = [...values]
    .filter(([name]) => memberOf(existing, name) === undefined)
    .map(([name, value]) => ({ name, value }));
  return [...replaced, ...editItems(layout, existing, stays, additions)];
}
