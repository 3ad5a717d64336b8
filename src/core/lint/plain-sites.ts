import { type FieldText, textOfScalar } from '../site/field-text.ts';
import { type SiteKind, siteKindOf } from '../site/places.ts';
import { type PlainDocument, type PlainMap, readPlainly } from '../site/plain-reader.ts';
import type { PlainScalar } from '../site/plain-scalar.ts';
import type { ClusterFields, PlaceFields } from './site-fields.ts';

/** Thrown where only a parser can tell. */
class Unclear extends Error {}

/**
 * The clusters of every site of a stream, where it is plain and nothing is wrong with its form; undefined where a parser
 * has to tell. What it says is what `parseSites` says.
 */
export function plainSites(text: string): readonly (readonly ClusterFields[])[] | undefined {
  const documents = readPlainly(text);
  try {
    return documents?.flatMap((document) => siteOf(text, document) ?? []);
  } catch (error) {
    if (error instanceof Unclear) return undefined;
    throw error;
  }
}

/** The clusters of a document in a list of its own; undefined for a document of another kind. */
function siteOf(text: string, document: PlainDocument): [ClusterFields[]] | undefined {
  const [root] = document.maps;
  if (root === undefined) return undefined;
  const [group, version = ''] = (stringAt(root, 'apiVersion')?.value ?? '').split('/');
  const known = siteKindOf(stringAt(root, 'kind')?.value ?? '', group ?? '');
  if (known === undefined) return undefined;
  const [spec] = document.maps.filter(({ path }) => path === '/spec');
  if (spec === undefined || !known.versions.includes(version)) throw new Unclear();
  const found = known.clustered ? itemsOf(document, spec, 'clusters') : [spec];
  return [found.map((map) => clusterOf(text, document, { kind: known.kind, spec, map }))];
}

function clusterOf(
  text: string,
  document: PlainDocument,
  { kind, spec, map }: { kind: SiteKind['kind']; spec: PlainMap; map: PlainMap },
): ClusterFields {
  const imageSet = stringAt(map, 'clusterImageSetNameRef') ?? stringAt(spec, 'clusterImageSetNameRef');
  return {
    ...placeOf(text, map, 'discovery'),
    kind,
    imageSet: imageSet && { name: imageSet.value, span: spanOf(imageSet) },
    nodes: itemsOf(document, map, 'nodes').map((node) => placeOf(text, node, 'installation')),
  };
}

/** The mappings of a list, of which there has to be one, and nothing else. */
function itemsOf({ maps, scalarLists }: PlainDocument, parent: PlainMap, name: string): PlainMap[] {
  const path = `${parent.path}/${name}[]`;
  const items = maps.filter((map) => map.parent === parent && map.path === path);
  if (items.length === 0 || scalarLists.has(path)) throw new Unclear();
  return items;
}

function placeOf(text: string, map: PlainMap, stage: PlaceFields['stage']): PlaceFields {
  const name = stringAt(map, stage === 'discovery' ? 'clusterName' : 'hostName');
  if (name === undefined || name.value === '') throw new Unclear();
  const field = (fieldName: string): FieldText | undefined => {
    const scalar = stringAt(map, fieldName);
    return scalar && textOfScalar(text, scalar, scalar.value, scalar.style);
  };
  return {
    stage,
    name: name.value,
    head: spanOf(name),
    keys: [...map.keys].map(([key, span]) => ({ name: key, span })),
    override: field('ignitionConfigOverride'),
    args: field('installerArgs'),
  };
}

/** The string that a field has; undefined where there is no such field. */
function stringAt(map: PlainMap, name: string): PlainScalar | undefined {
  const scalar = map.scalars.get(name);
  if (scalar === undefined && map.keys.has(name)) throw new Unclear();
  return scalar;
}

function spanOf({ start, end }: PlainScalar): { start: number; end: number } {
  return { start, end };
}
