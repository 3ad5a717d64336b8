import type { TreeMistake } from './override-tree.ts';
import type { SiteField, SitePlace } from './site-fields.ts';
import {
  argumentsName,
  configName,
  digestOfFiles,
  digestOfText,
  type FieldName,
  type ManifestField,
} from './tree-manifest.ts';

/** Files by their path below the folder of a cluster or node. */
export type FolderFiles = ReadonlyMap<string, Uint8Array>;

/** A field of a place with its files in the tree, and what both were when it was unpacked. */
export interface TreeField {
  readonly place: SitePlace;
  readonly name: FieldName;
  readonly files: FolderFiles;
  /** Missing where nothing was unpacked. */
  readonly entry: ManifestField | undefined;
}

/** The files of one field among those of a folder. */
export function filesOf(name: FieldName, files: FolderFiles): FolderFiles {
  return new Map([...files].filter(([path]) => (path === argumentsName) === (name === 'installerArgs')));
}

/** What the document holds of a field. */
export function fieldOf({ place, name }: TreeField): SiteField | undefined {
  return place.fields.find((field) => field.name === name);
}

/**
 * What is to be done with a field: `stays` as the document has it; `pack` what the tree has; or a mistake, where both
 * have changed.
 */
export function stateOf(field: TreeField): 'stays' | 'pack' | TreeMistake {
  const { name, files, entry, place } = field;
  const tree = digestOfFiles(files);
  const held = fieldOf(field);
  if (entry?.same !== undefined) {
    if (files.size === 0) return 'stays';
    const reason = `${name} is shared with ${entry.same} by an alias: its files are there`;
    return mistake(field, 'pack/shared', reason);
  }
  if (entry === undefined ? files.size === 0 : entry.tree === tree) return 'stays';
  const document = held === undefined ? undefined : digestOfText(held.text.text);
  if (document === entry?.document) {
    const gone = entry !== undefined && name === 'ignitionConfigOverride' && !files.has(configName);
    if (!gone || files.size === 0) return 'pack';
    return mistake(field, 'pack/config', 'config.json is gone, but not what it refers to: unpack again');
  }
  const who = place.node === undefined ? `cluster ${place.cluster}` : `node ${place.node}`;
  const reason = `${name} of ${who} has changed in the document since it was unpacked, and here, too`;
  const hint = 'unpack the document as it is now into another folder, and make the change there';
  return mistake(field, 'pack/conflict', reason, hint);
}

function mistake({ name, files }: TreeField, id: string, message: string, hint?: string): TreeMistake {
  const main = name === 'installerArgs' ? argumentsName : configName;
  const [first = main] = files.keys();
  const path = files.has(main) ? main : first;
  return { path, diagnostic: { id, severity: 'error', message, hint } };
}
