import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type JsonNode, type JsonObject, memberOf, parseJson, textMember } from '../json/tree.ts';
import {
  hookPaths,
  hookUnits,
  ignitionVersions,
  isHookMount,
  mountedLabel,
  mountUnit,
} from './boot-hooks.ts';

/** An override that can be merged, or every reason why it cannot. Spans are offsets in its text. */
export type OverrideReading =
  | { readonly root: JsonObject; readonly mistakes: readonly [] }
  | { readonly root: undefined; readonly mistakes: readonly Diagnostic[] };

/** What the hub's parser takes (assisted-service, internal/common/ignition: `ParseToLatest`). */
const versions: readonly unknown[] = ignitionVersions;

/** Reads an `ignitionConfigOverride` as far as a merge needs to understand it. */
export function readOverride(text: string): OverrideReading {
  const { root, mistakes: syntax } = parseJson(text);
  if (root === undefined) return { root, mistakes: syntax };
  if (root.type !== 'object') {
    return { root: undefined, mistakes: [mistake('override-type', 'an override is a JSON object', root)] };
  }
  const mistakes = [
    ...versionMistakes(root),
    ...listMistakes(root, 'systemd', ['units'], 'name', hookUnits),
    ...listMistakes(root, 'storage', ['files', 'links', 'directories'], 'path', hookPaths),
    ...mountMistakes(root),
  ];
  return mistakes.length === 0 ? { root, mistakes: [] } : { root: undefined, mistakes };
}

/** The partition label of the hooks in an override, if it has any. */
export function hookLabel(text: string): string | undefined {
  const { root } = parseJson(text);
  if (root?.type !== 'object') return undefined;
  return unitsOf(root)
    .filter((unit) => hookUnits.includes(textMember(unit, 'name')?.value ?? ''))
    .map((unit) => textMember(unit, 'contents')?.value ?? '')
    .map((contents) =>
      isHookMount(contents) || contents.includes('/extract-') ? mountedLabel(contents) : undefined,
    )
    .find((label) => label !== undefined);
}

function versionMistakes(root: JsonObject): Diagnostic[] {
  const ignition = memberOf(root, 'ignition');
  if (ignition === undefined) return [];
  if (ignition.type !== 'object') return [mistake('override-type', '"ignition" is an object', ignition)];
  const version = memberOf(ignition, 'version');
  if (version === undefined || (version.type === 'scalar' && versions.includes(version.value))) return [];
  return [
    mistake(
      'ignition-version',
      'the hub takes only Ignition 3.1.0 and 3.2.0',
      version,
      'write "3.1.0" or "3.2.0"',
    ),
  ];
}

function listMistakes(
  root: JsonObject,
  sectionName: string,
  listNames: readonly string[],
  keyName: string,
  owned: readonly string[],
): Diagnostic[] {
  const section = memberOf(root, sectionName);
  if (section === undefined) return [];
  if (section.type !== 'object') return [mistake('override-type', `"${sectionName}" is an object`, section)];
  const seen = new Set<string>(owned);
  return listNames.flatMap((listName) => {
    const list = memberOf(section, listName);
    if (list === undefined) return [];
    if (list.type !== 'array') return [mistake('override-type', `"${listName}" is an array`, list)];
    return list.items.flatMap((item) => {
      const key = textMember(item, keyName);
      if (key === undefined) {
        return [
          mistake(
            'override-type',
            `an item of "${listName}" is an object with the string "${keyName}"`,
            item,
          ),
        ];
      }
      // Doubled hooks are not the user's mistake: merging removes them.
      if (seen.has(key.value) && !owned.includes(key.value)) {
        return [
          mistake('override-duplicate', `${key.value} is there twice, which the hub refuses`, key.node),
        ];
      }
      seen.add(key.value);
      return [];
    });
  });
}

/** The unit's name follows from its path: two mounts on /var/mnt cannot be. */
function mountMistakes(root: JsonObject): Diagnostic[] {
  return unitsOf(root).flatMap((unit) => {
    const name = textMember(unit, 'name');
    const contents = textMember(unit, 'contents');
    if (name?.value !== mountUnit || contents === undefined || isHookMount(contents.value)) return [];
    const hint = 'mount that somewhere else: the staged images are loaded from /var/mnt';
    return [mistake('mount-taken', `${mountUnit} is there and mounts something else`, name.node, hint)];
  });
}

function unitsOf(root: JsonObject): readonly JsonNode[] {
  const systemd = memberOf(root, 'systemd');
  const units = systemd?.type === 'object' ? memberOf(systemd, 'units') : undefined;
  return units?.type === 'array' ? units.items : [];
}

function mistake(id: string, message: string, { start, end }: Span, hint?: string): Diagnostic {
  return { id, severity: 'error', message, span: { start, end }, hint };
}
