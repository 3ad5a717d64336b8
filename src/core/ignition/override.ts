import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type JsonNode, type JsonObject, memberOf, parseJson, textMember } from '../json/tree.ts';
import { hookPaths, hookUnits, isHookMount, mountedLabel, mountUnit } from './boot-hooks.ts';
import { checkIgnition } from './check.ts';

/** An override that can be merged, or every reason why it cannot. Spans are offsets in its text. */
export type OverrideReading =
  | { readonly root: JsonObject; readonly mistakes: readonly [] }
  | { readonly root: undefined; readonly mistakes: readonly Diagnostic[] };

/**
 * Reads an `ignitionConfigOverride` for a merge. Mistakes are what the hub or the server at its boot refuses
 * (`checkIgnition`) and what a merge cannot build on; what merging takes out or adds is none.
 */
export function readOverride(text: string): OverrideReading {
  const { root, mistakes: syntax } = parseJson(text);
  if (root === undefined) return { root, mistakes: syntax };
  if (root.type !== 'object') {
    return { root: undefined, mistakes: [mistake('override-type', 'an override is a JSON object', root)] };
  }
  const mistakes = [...configMistakes(text, root), ...nullMistakes(root), ...mountMistakes(root)];
  return mistakes.length === 0 ? { root, mistakes: [] } : { root: undefined, mistakes };
}

/** Every error in what a merge made of an override, told at the place in `text` that it comes from, if there is one. */
export function mergedMistakes(text: string, merged: string): readonly Diagnostic[] {
  return checkIgnition({ text: merged })
    .filter(({ severity }) => severity === 'error')
    .map((found) => {
      const written = merged.slice(found.span?.start, found.span?.end);
      const start = Math.max(text.indexOf(written), 0);
      const end = text.startsWith(written, start) ? start + written.length : start + 1;
      return { ...found, message: `with the hooks, ${found.message}: ${written}`, span: { start, end } };
    });
}

/** Merging writes a version where there is none, and replaces what hooks are there, however wrong they are. */
function configMistakes(text: string, root: JsonObject): Diagnostic[] {
  const found = checkIgnition({ text, root }).filter(
    ({ id, severity }) =>
      id === 'ignition/key-case' || (severity === 'error' && id !== 'ignition/version-missing'),
  );
  if (found.length === 0) return [];
  const hooks = hookItems(root);
  return found
    .filter(
      ({ span }) =>
        !hooks.some(({ start, end }) => start <= (span?.start ?? -1) && (span?.start ?? -1) < end),
    )
    .map((diagnostic) => ({ ...diagnostic, severity: 'error' }));
}

function hookItems(root: JsonObject): readonly JsonNode[] {
  return [
    ...itemsOf(root, 'systemd', 'units').filter((item) =>
      hookUnits.includes(textMember(item, 'name')?.value ?? ''),
    ),
    ...['files', 'links', 'directories'].flatMap((list) =>
      itemsOf(root, 'storage', list).filter((item) =>
        hookPaths.includes(textMember(item, 'path')?.value ?? ''),
      ),
    ),
  ];
}

/** Ignition takes null for nothing, but nothing can be put into it. */
function nullMistakes(root: JsonObject): Diagnostic[] {
  const merged: readonly (readonly [string, readonly string[]])[] = [
    ['ignition', ['version']],
    ['systemd', ['units']],
    ['storage', ['files', 'links', 'directories']],
  ];
  return merged.flatMap(([name, members]) => {
    const section = memberOf(root, name);
    const nodes = section?.type === 'object' ? members.map((member) => memberOf(section, member)) : [section];
    return nodes.flatMap((node) =>
      node?.type === 'scalar' && node.value === null
        ? [mistake('override-type', 'null is nothing to merge into', node, 'take it out')]
        : [],
    );
  });
}

/** The partition label of the hooks in an override, if it has any. */
export function hookLabel(text: string): string | undefined {
  const { root } = parseJson(text);
  if (root?.type !== 'object') return undefined;
  return itemsOf(root, 'systemd', 'units')
    .filter((unit) => hookUnits.includes(textMember(unit, 'name')?.value ?? ''))
    .map((unit) => textMember(unit, 'contents')?.value ?? '')
    .map((contents) =>
      isHookMount(contents) || contents.includes('/extract-') ? mountedLabel(contents) : undefined,
    )
    .find((label) => label !== undefined);
}

/** The unit's name follows from its path: two mounts on /var/mnt cannot be. */
function mountMistakes(root: JsonObject): Diagnostic[] {
  return itemsOf(root, 'systemd', 'units').flatMap((unit) => {
    const name = textMember(unit, 'name');
    const contents = textMember(unit, 'contents');
    if (name?.value !== mountUnit || contents === undefined || isHookMount(contents.value)) return [];
    const hint = 'mount that somewhere else: the staged images are loaded from /var/mnt';
    return [mistake('mount-taken', `${mountUnit} is there and mounts something else`, name.node, hint)];
  });
}

function itemsOf(root: JsonObject, sectionName: string, listName: string): readonly JsonNode[] {
  const section = memberOf(root, sectionName);
  const list = section?.type === 'object' ? memberOf(section, listName) : undefined;
  return list?.type === 'array' ? list.items : [];
}

function mistake(id: string, message: string, { start, end }: Span, hint?: string): Diagnostic {
  return { id, severity: 'error', message, span: { start, end }, hint };
}
