import { checkIgnition } from '../ignition/check.ts';
import type { JsonObject } from '../json/node.ts';
import { parseJson } from '../json/tree.ts';
import { applySplices, type Splice } from '../splice.ts';
import { addContents } from './add-contents.ts';
import { isReference } from './contents.ts';
import { type FormerContents, fillContents } from './fill-contents.ts';
import { locateInTree } from './locate-in-tree.ts';
import type { OverrideTree, PackedOverride, TreeChange, TreeMistake } from './override-tree.ts';
import { removeContents } from './remove-contents.ts';
import { slotsOf } from './slots.ts';
import { splitOverride } from './split-override.ts';
import { configName } from './tree-manifest.ts';

/** What the config of an override is that is not there yet. */
export const newConfig = '{\n  "ignition": {\n    "version": "3.1.0"\n  }\n}\n';

/**
 * Makes an override of its files. `former`: the text that it was unpacked from; what is the same there is written as it
 * was. The result is checked as the hub and the server at its boot would.
 */
export function packOverride(former: string | undefined, tree: OverrideTree): PackedOverride {
  const contents = formerContents(former);
  const mistakes: TreeMistake[] = [];
  const refuse = (path: string, reason: string): void => {
    mistakes.push({ path, diagnostic: { id: 'pack/file', severity: 'error', message: reason } });
  };
  const config = readConfig(tree.config, mistakes);
  if (config === undefined) return { text: '', changes: [], mistakes };
  const { text: kept, removed } = withoutGone(tree, config);
  const root = objectOf(kept);
  const slots = slotsOf(root);
  const known = new Set(slots.filter(isReference).map(({ path }) => path));
  const fresh = new Map([...tree.files].filter(([path]) => !known.has(path)));
  const additions = addContents(kept, root, slots, fresh);
  for (const { path, reason } of additions.refused) refuse(path, reason);
  if (mistakes.length > 0) return { text: '', changes: [], mistakes };
  const whole = applySplices(kept, additions.splices);
  const filled = fillContents(objectOf(whole), tree.files, contents);
  for (const { path, reason } of filled.refused) refuse(path, reason);
  const text = applySplices(whole, filled.splices);
  const found = checkIgnition({ text }).filter(({ severity }) => severity === 'error');
  mistakes.push(...locateInTree(text, tree, found));
  const changes: TreeChange[] = [
    ...(tree.config === contents.config ? [] : [{ path: configName, what: 'changed' } as const]),
    ...filled.changed
      .filter((path) => !fresh.has(path))
      .map((path): TreeChange => ({ path, what: 'changed' })),
    ...[...fresh.keys()].map((path): TreeChange => ({ path, what: 'added' })),
    ...removed.map((path): TreeChange => ({ path, what: 'removed' })),
  ];
  return { text, changes, mistakes };
}

/** The former text taken apart; one that is no override any more has nothing to be kept. */
function formerContents(former: string | undefined): FormerContents & { readonly config: string } {
  const root = former === undefined ? undefined : parseJson(former).root;
  if (former === undefined || root?.type !== 'object') return { text: '', parts: [], config: newConfig };
  const { parts, config } = splitOverride(former, root);
  return { text: former, parts, config };
}

function readConfig(text: string, mistakes: TreeMistake[]): JsonObject | undefined {
  const { root, mistakes: syntax } = parseJson(text);
  mistakes.push(...syntax.map((diagnostic) => ({ path: configName, diagnostic })));
  if (root?.type === 'object') return root;
  if (root !== undefined) {
    const message = 'an override is a JSON object';
    mistakes.push({ path: configName, diagnostic: { id: 'override-type', severity: 'error', message } });
  }
  return undefined;
}

function withoutGone(
  { config, files }: OverrideTree,
  root: JsonObject,
): { readonly text: string; readonly removed: readonly string[] } {
  const slots = slotsOf(root);
  const gone = slots.filter((slot) => isReference(slot) && !files.has(slot.path));
  const splices: readonly Splice[] =
    gone.length === 0 ? [] : removeContents(config, root, slots, new Set(gone));
  return { text: applySplices(config, splices), removed: gone.map(({ path }) => path) };
}

/** Of a text that edits of JSON made. */
function objectOf(text: string): JsonObject {
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new Error('an edit of a JSON object made none');
  return root;
}
