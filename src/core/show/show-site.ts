import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import type { JsonObject } from '../json/node.ts';
import { memberOf, parseJson } from '../json/tree.ts';
import { textOfField } from '../lint/located-text.ts';
import { unitsOf } from '../lint/override-view.ts';
import { locateAll } from '../site/field-text.ts';
import { readInstallerArgs } from '../site/installer-args.ts';
import { type Timeline, timelineOf } from '../timeline/timeline.ts';
import { findSitePlaces, type SiteField, type SitePlace } from '../unpack/site-fields.ts';
import { slotsOf, stringIn, objectIn, type Slot } from '../unpack/slots.ts';
import { splitOverride } from '../unpack/split-override.ts';

/** A cluster or node with what its fields hold, decoded. */
export interface ShownPlace {
  readonly kind: 'cluster' | 'node';
  readonly name: string;
  readonly cluster: string;
  readonly stage: Stage;
  readonly installerArgs: readonly string[] | undefined;
  readonly override: ShownOverride | undefined;
}

/** An override as people think of it. */
export interface ShownOverride {
  readonly version: string | undefined;
  readonly units: readonly ShownUnit[];
  readonly files: readonly ShownFile[];
  /** Everything else in it, by name: `storage.disks`, `passwd.users`. */
  readonly others: readonly string[];
  readonly timeline: Timeline;
}

/** A unit or drop-in; `contents` is missing where there are none. */
export interface ShownUnit {
  readonly name: string;
  /** Of a drop-in: the unit. */
  readonly of?: string;
  readonly enabled?: boolean;
  readonly masked?: boolean;
  readonly contents: string | undefined;
}

export interface ShownFile {
  readonly path: string;
  readonly appended: boolean;
  /** As `ls` writes it: 0755. */
  readonly mode: string | undefined;
  readonly user: string | number | undefined;
  readonly group: string | number | undefined;
  readonly compression: string | undefined;
  /** Where they are fetched from. */
  readonly source: string | undefined;
  /** Of contents that are here. */
  readonly bytes: number | undefined;
  /** Undefined where they are no text. */
  readonly text: string | undefined;
}

/** Reads what every place holds. Throws a DocumentError with all mistakes at their places. */
export function showSite(source: Source, selects: (place: SitePlace) => boolean): ShownPlace[] {
  const { places, mistakes } = findSitePlaces(source.text);
  const found: Diagnostic[] = [...mistakes];
  const shown = places.filter(selects).map((place) => showPlace(place, found));
  if (found.length > 0) throw new DocumentError(source, found);
  return shown;
}

function showPlace({ place, cluster, node, fields }: SitePlace, found: Diagnostic[]): ShownPlace {
  const field = (name: SiteField['name']): SiteField | undefined => fields.find((item) => item.name === name);
  const [args, override] = [field('installerArgs'), field('ignitionConfigOverride')];
  return {
    kind: node === undefined ? 'cluster' : 'node',
    name: place.name,
    cluster,
    stage: place.stage,
    installerArgs: args && showArguments(args, found),
    override: override && showOverride(override, place.stage, found),
  };
}

function showArguments({ text }: SiteField, found: Diagnostic[]): readonly string[] | undefined {
  const { items, mistakes } = readInstallerArgs(text.text);
  found.push(...locateAll(text, mistakes));
  return items;
}

function showOverride({ text }: SiteField, stage: Stage, found: Diagnostic[]): ShownOverride | undefined {
  const { root, mistakes } = parseJson(text.text);
  found.push(...locateAll(text, mistakes));
  if (root === undefined) return undefined;
  if (root.type !== 'object') {
    const message = 'an override is a JSON object';
    found.push({ id: 'override-type', severity: 'error', message, span: text.locate(root) });
    return undefined;
  }
  const { parts, mistakes: undecoded } = splitOverride(text.text, root);
  // Names that cannot be files can be shown.
  found.push(
    ...locateAll(
      text,
      undecoded.filter(({ id }) => id === 'unpack/contents'),
    ),
  );
  const bytes = new Map(parts.map(({ slot, bytes: data }) => [slot.item, data]));
  const slots = slotsOf(root);
  return {
    version: stringIn(objectIn(root, 'ignition'), 'version')?.value,
    units: slots.filter(({ kind }) => kind === 'unit' || kind === 'dropin').map((slot) => showUnit(slot)),
    files: slots
      .filter(
        ({ kind, item }) =>
          kind === 'append' || (kind === 'file' && memberOf(item, 'contents') !== undefined),
      )
      .map((slot) => showFile(slot, bytes.get(slot.item))),
    others: othersOf(root),
    timeline: timelineOf(stage, unitsOf(textOfField(text), root)),
  };
}

function showUnit({ kind, key, item, owner, literal }: Slot): ShownUnit {
  const contents = literal?.value;
  if (kind === 'dropin') return { name: key.value, of: stringIn(owner, 'name')?.value ?? '', contents };
  const flag = (name: string): boolean | undefined => {
    const value = scalarIn(item, name);
    return typeof value === 'boolean' ? value : undefined;
  };
  const [enabled, masked] = [flag('enabled'), flag('mask')];
  return {
    name: key.value,
    ...(enabled === undefined ? {} : { enabled }),
    ...(masked === undefined ? {} : { masked }),
    contents,
  };
}

function showFile({ kind, key, owner, item, literal }: Slot, data: Uint8Array | undefined): ShownFile {
  const mode = scalarIn(owner, 'mode');
  const resource = kind === 'append' ? item : objectIn(item, 'contents');
  const text = data && Buffer.from(data).toString();
  const isText = text !== undefined && !text.includes('\0') && Buffer.from(text).equals(data ?? Buffer.of());
  return {
    path: key.value,
    appended: kind === 'append',
    mode: typeof mode === 'number' && mode >= 0 ? `0${mode.toString(8)}` : undefined,
    user: ownerOf(owner, 'user'),
    group: ownerOf(owner, 'group'),
    compression: stringIn(resource, 'compression')?.value,
    source: data === undefined ? literal?.value : undefined,
    bytes: data?.length,
    text: isText ? text : undefined,
  };
}

function ownerOf(item: JsonObject, name: string): string | number | undefined {
  const owner = objectIn(item, name);
  const value = scalarIn(owner, 'name') ?? scalarIn(owner, 'id');
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function scalarIn(
  object: JsonObject | undefined,
  name: string,
): string | number | boolean | null | undefined {
  const found = object && memberOf(object, name);
  return found?.type === 'scalar' ? found.value : undefined;
}

/** The lists and sections that are not shown one by one. */
function othersOf(root: JsonObject): string[] {
  return root.items.flatMap(({ name, value }) => {
    if (value.type !== 'object') return [name];
    return value.items
      .map((member) => `${name}.${member.name}`)
      .filter((path) => !['ignition.version', 'systemd.units', 'storage.files'].includes(path));
  });
}
