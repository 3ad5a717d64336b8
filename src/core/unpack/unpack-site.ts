import type { Node } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { parseJson } from '../json/tree.ts';
import type { FieldText } from '../site/field-text.ts';
import { locateAll } from '../site/field-text.ts';
import { linesOfArguments } from './argument-lines.ts';
import { findSitePlaces, folderMistakes, type SiteField, type SitePlace } from './site-fields.ts';
import { splitOverride } from './split-override.ts';
import {
  argumentsName,
  configName,
  digestOfFiles,
  digestOfText,
  type ManifestField,
} from './tree-manifest.ts';

/** A file of a tree; its path is relative to the root. */
export interface TreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** The tree of a document, without its manifest. */
export interface UnpackedSite {
  readonly files: readonly TreeFile[];
  readonly fields: readonly ManifestField[];
  readonly places: readonly SitePlace[];
}

/**
 * Takes the overrides and arguments of every cluster and node apart into files. A field that aliases share is there
 * once. Throws a DocumentError with all mistakes at their places in the text.
 */
export function unpackSite(source: Source, selects: (place: SitePlace) => boolean): UnpackedSite {
  const { places: all, mistakes } = findSitePlaces(source.text);
  const places = all.filter(selects);
  const found = [...mistakes, ...folderMistakes(places)];
  const owners = new Map<Node, string>();
  const unpacked = places.map(({ folder, fields }) =>
    fields.map((field) => {
      const same = owners.get(field.node);
      if (same === undefined) owners.set(field.node, folder);
      const files = same === undefined ? filesOfField(field, found) : [];
      const tree = digestOfFiles(new Map(files.map(({ path, bytes }) => [path, bytes])));
      const document = digestOfText(field.text.text);
      const entry: ManifestField = {
        folder,
        field: field.name,
        document,
        tree,
        ...(same === undefined ? {} : { same }),
      };
      return { entry, files: below(folder, files) };
    }),
  );
  if (found.length > 0) throw new DocumentError(source, inOrder(found));
  const flat = unpacked.flat();
  return { files: flat.flatMap(({ files }) => files), fields: flat.map(({ entry }) => entry), places };
}

/** The files of a field, below the folder of its cluster or node. What cannot be unpacked is added to `mistakes`. */
function filesOfField({ name, text }: SiteField, mistakes: Diagnostic[]): TreeFile[] {
  return name === 'installerArgs' ? argumentFiles(text, mistakes) : overrideFiles(text, mistakes);
}

function argumentFiles(text: FieldText, mistakes: Diagnostic[]): TreeFile[] {
  const reading = linesOfArguments(text.text);
  mistakes.push(...locateAll(text, reading.mistakes));
  if (reading.lines === undefined) return [];
  return [{ path: argumentsName, bytes: Buffer.from(reading.lines), executable: false }];
}

function overrideFiles(text: FieldText, mistakes: Diagnostic[]): TreeFile[] {
  const { root, mistakes: syntax } = parseJson(text.text);
  mistakes.push(...locateAll(text, syntax));
  if (root !== undefined && root.type !== 'object') {
    const message = 'an override is a JSON object';
    mistakes.push({ id: 'override-type', severity: 'error', message, span: text.locate(root) });
  }
  if (root?.type !== 'object') return [];
  const { config, parts, mistakes: found } = splitOverride(text.text, root);
  mistakes.push(...locateAll(text, found));
  return [
    { path: configName, bytes: Buffer.from(config), executable: false },
    ...parts.map(({ path, bytes, executable }) => ({ path, bytes, executable })),
  ];
}

function below(folder: string, files: readonly TreeFile[]): TreeFile[] {
  return files.map((file) => ({ ...file, path: `${folder}/${file.path}` }));
}

function inOrder(mistakes: readonly Diagnostic[]): Diagnostic[] {
  return mistakes.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
}
