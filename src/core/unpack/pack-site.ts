import { DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { jsonSplices } from '../json/tokens.ts';
import { parseJson } from '../json/tree.ts';
import { applyChanges } from './apply-changes.ts';
import { checkLimits } from './check-packed.ts';
import { fieldOf, filesOf, type FolderFiles, stateOf, type TreeField } from './field-state.ts';
import type { TreeChange, TreeMistake } from './override-tree.ts';
import { type PackedField, packField } from './pack-field.ts';
import { findSitePlaces, folderMistakes, type SitePlace } from './site-fields.ts';
import { splitOverride } from './split-override.ts';
import {
  configName,
  digestOfFiles,
  digestOfText,
  type FieldName,
  type ManifestField,
} from './tree-manifest.ts';
import type { FieldChange } from './write-field-change.ts';

/** A tree, and what it was unpacked from. */
export interface PackTask {
  /** The files of each cluster and node. */
  readonly folders: ReadonlyMap<string, FolderFiles>;
  readonly fields: readonly ManifestField[];
}

/** The document with the contents of the tree. Paths are below the root of the tree. */
export interface PackedSite {
  readonly text: string;
  /** What made a difference. */
  readonly changes: readonly TreeChange[];
  /** With one, the text is not to be used. */
  readonly mistakes: readonly TreeMistake[];
  /** What the tree is to hold once the text is in place. */
  readonly renewed: RenewedTree;
}

export interface RenewedTree {
  readonly fields: readonly ManifestField[];
  /** Configs that refer to new files, too. */
  readonly configs: ReadonlyMap<string, string>;
}

/**
 * Puts a tree back into a document. Fields whose files are as they were unpacked stay as the document has them now;
 * where the files have changed and the document, too, it is a mistake. Throws a DocumentError for a document that
 * cannot be read.
 */
export function packSite(source: Source, { folders, fields: entries }: PackTask): PackedSite {
  const { places, mistakes: unreadable } = findSitePlaces(source.text);
  const known = new Set([...folders.keys(), ...entries.map(({ folder }) => folder)]);
  const ours = places.filter(({ folder }) => known.has(folder));
  const wrong = unreadable.length > 0 ? unreadable : folderMistakes(ours);
  if (wrong.length > 0) throw new DocumentError(source, wrong);
  const fields = ours.flatMap((place) => treeFields(place, folders.get(place.folder) ?? new Map(), entries));
  const mistakes: TreeMistake[] = strayFolders(folders, ours, entries);
  const changes: TreeChange[] = [];
  const edits: FieldChange[] = [];
  for (const field of fields) {
    const { place, name } = field;
    const state = stateOf(field);
    if (state === 'stays') continue;
    const packed = packField(field);
    if (state !== 'pack') {
      if (!isThere(field, packed)) mistakes.push(inFolder(place, state));
      continue;
    }
    mistakes.push(...packed.mistakes.map((mistake) => inFolder(place, mistake)));
    changes.push(...packed.changes.map((change) => inFolder(place, change)));
    if (packed.text !== fieldOf(field)?.text.text) edits.push({ place, name, text: packed.text });
  }
  const none = { fields: entries, configs: new Map<string, string>() };
  if (mistakes.length > 0) return { text: source.text, changes, mistakes, renewed: none };
  const applied = applyChanges(source.text, places, edits);
  const changed = new Set(edits.map(({ place }) => place.folder));
  const refused = [
    ...applied.mistakes,
    ...checkLimits(applied.text, applied.places, (at) => changed.has(at)),
  ];
  const renewed = refused.length > 0 ? none : renew(fields, applied.places, entries);
  return { text: applied.text, changes, mistakes: refused, renewed };
}

function treeFields(place: SitePlace, files: FolderFiles, entries: readonly ManifestField[]): TreeField[] {
  const names: readonly FieldName[] =
    place.node === undefined ? ['ignitionConfigOverride'] : ['installerArgs', 'ignitionConfigOverride'];
  return names.map((name) => {
    const entry = entries.find(({ folder, field }) => folder === place.folder && field === name);
    return { place, name, files: filesOf(name, files), entry };
  });
}

/** Whether the document holds what the tree would make of it, as after a pack that did not end. */
function isThere(field: TreeField, { text, mistakes }: PackedField): boolean {
  const held = fieldOf(field)?.text.text;
  if (held === undefined || text === undefined || mistakes.length > 0) return held === text;
  return parseJson(held).root !== undefined && jsonSplices(held, text).length === 0;
}

/** Files for clusters and nodes that are not in the document; as they were unpacked, they say nothing. */
function strayFolders(
  folders: PackTask['folders'],
  places: readonly SitePlace[],
  entries: readonly ManifestField[],
): TreeMistake[] {
  const there = new Set(places.map(({ folder }) => folder));
  return [...folders].flatMap(([folder, files]): TreeMistake[] => {
    const untouched = entries
      .filter((entry) => entry.folder === folder)
      .every(({ field, tree }) => digestOfFiles(filesOf(field, files)) === tree);
    if (there.has(folder) || files.size === 0) return [];
    if (untouched && entries.some((entry) => entry.folder === folder)) return [];
    const message = 'there is no cluster or node in the document that this folder is of';
    return [{ path: folder, diagnostic: { id: 'pack/folder', severity: 'error', message } }];
  });
}

function inFolder<Item extends { readonly path: string }>({ folder }: SitePlace, item: Item): Item {
  return { ...item, path: `${folder}/${item.path}` };
}

/** The manifest and configs of a tree that says the same as a document; entries of others stay. */
function renew(
  fields: readonly TreeField[],
  places: readonly SitePlace[],
  entries: readonly ManifestField[],
): RenewedTree {
  const configs = new Map<string, string>();
  const renewed = entries.flatMap((entry): ManifestField[] => {
    const field = fields.find(({ place, name }) => place.folder === entry.folder && name === entry.field);
    return field === undefined ? [entry] : [];
  });
  for (const field of fields) {
    const { place, name, entry } = field;
    const held = places
      .find(({ folder }) => folder === place.folder)
      ?.fields.find((now) => now.name === name);
    if (held === undefined || (entry === undefined && field.files.size === 0)) continue;
    const document = digestOfText(held.text.text);
    if (
      entry?.same !== undefined ||
      (entry !== undefined && entry.document !== document && isUntouched(field))
    ) {
      // The document has changed in it, and the tree has not.
      renewed.push(entry);
      continue;
    }
    const config = renewedConfig(field, held.text.text);
    const files = new Map(field.files);
    if (config !== undefined) {
      files.set(configName, Buffer.from(config));
      configs.set(`${place.folder}/${configName}`, config);
    }
    renewed.push({ folder: place.folder, field: name, document, tree: digestOfFiles(files) });
  }
  return { fields: renewed, configs };
}

function isUntouched({ entry, files }: TreeField): boolean {
  return entry !== undefined && digestOfFiles(files) === entry.tree;
}

/** Undefined where the config of the tree may stay, or where files have other names than a new one would give them. */
function renewedConfig({ name, files }: TreeField, text: string): string | undefined {
  const { root } = parseJson(text);
  if (name !== 'ignitionConfigOverride' || root?.type !== 'object') return undefined;
  const { config, parts } = splitOverride(text, root);
  const same =
    parts.every(({ path }) => files.has(path)) &&
    parts.length === files.size - (files.has(configName) ? 1 : 0);
  const written = Buffer.from(files.get(configName) ?? '').toString();
  return same && config !== written ? config : undefined;
}
