import type { Node } from 'yaml';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type FieldText, fieldText } from '../site/field-text.ts';
import { findPlaces, type Place, type SiteDocument } from '../site/places.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';
import { nameProblem } from './tree-paths.ts';
import { type FieldName, manifestName } from './tree-manifest.ts';

/** A cluster or node, and its folder in the tree. */
export interface SitePlace {
  readonly place: Place;
  readonly document: SiteDocument;
  readonly cluster: string;
  /** Undefined for the cluster itself. */
  readonly node: string | undefined;
  /** Below the root of the tree: `CLUSTER/cluster`, `CLUSTER/nodes/NODE`. */
  readonly folder: string;
  readonly fields: readonly SiteField[];
}

/** A field that holds something. */
export interface SiteField {
  readonly name: FieldName;
  readonly text: FieldText;
  /** The scalar that holds it, which aliases may share. */
  readonly node: Node;
}

/** The places of all sites of a text; nothing is to be done with them when there is a mistake. */
export interface SitePlaces {
  readonly places: readonly SitePlace[];
  readonly mistakes: readonly Diagnostic[];
}

/** Finds all clusters and nodes of a YAML stream with their fields. Spans are offsets in the text. */
export function findSitePlaces(text: string): SitePlaces {
  const { documents, mistakes: unreadable } = parseYamlStream(text);
  if (unreadable.length > 0) return { places: [], mistakes: unreadable };
  const mistakes: Diagnostic[] = [];
  const sites = documents.flatMap((document) => findPlaces(document, mistakes) ?? []);
  if (sites.length === 0) {
    mistakes.push({ id: 'no-site', severity: 'error', message: 'no SiteConfig or ClusterInstance in it' });
  }
  const places = sites.flatMap((document) =>
    document.places.map((place) => sitePlace(text, document, place, mistakes)),
  );
  return { places, mistakes };
}

function sitePlace(text: string, document: SiteDocument, place: Place, mistakes: Diagnostic[]): SitePlace {
  const { map, name, cluster } = place;
  const { lookup } = document;
  const names: readonly FieldName[] =
    cluster === undefined ? ['ignitionConfigOverride'] : ['installerArgs', 'ignitionConfigOverride'];
  const fields = names.flatMap((fieldName): SiteField[] => {
    const field = lookup.field(map, fieldName);
    const found = fieldText(text, lookup, fieldName, field, mistakes);
    const node = lookup.resolve(field?.value);
    return found === undefined || node === null ? [] : [{ name: fieldName, text: found, node }];
  });
  const clusterName = cluster?.name ?? name;
  const node = cluster === undefined ? undefined : name;
  const folder = node === undefined ? `${clusterName}/cluster` : `${clusterName}/nodes/${node}`;
  return { place, document, cluster: clusterName, node, folder, fields };
}

/**
 * Why places cannot be folders of one tree: names that are none of a file, or that are there twice, also but for the
 * case of letters.
 */
export function folderMistakes(places: readonly SitePlace[]): Diagnostic[] {
  const seen = new Set<string>();
  return places.flatMap((sitePlace): Diagnostic[] => {
    const { place, folder } = sitePlace;
    const problem = nameProblem(place.name) ?? reservedProblem(place.name);
    if (problem !== undefined) {
      const message = `${JSON.stringify(place.name)} cannot be the name of a folder: ${problem}`;
      return [{ id: 'unpack/name', severity: 'error', message, span: headOf(sitePlace) }];
    }
    const key = folder.normalize('NFC').toLowerCase();
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const kind = place.cluster === undefined ? 'cluster' : 'node';
    const message = `there is another ${kind} of the name ${place.name}: their files would lie in one folder`;
    return [{ id: 'unpack/name', severity: 'error', message, span: headOf(sitePlace) }];
  });
}

/** The root of the tree has its own files, and hidden ones are not looked at. */
function reservedProblem(name: string): string | undefined {
  if (name.startsWith('.')) return 'it begins with a dot';
  return name.toLowerCase() === manifestName ? 'it is that of the manifest' : undefined;
}

/** Where a place says its name; the beginning of its mapping where it does not. */
function headOf({ place: { map, cluster }, document: { lookup } }: SitePlace): Span {
  const named = lookup.resolve(lookup.field(map, cluster === undefined ? 'clusterName' : 'hostName')?.value);
  const [start, end] = named?.range ?? [map.range?.[0] ?? 0, (map.range?.[0] ?? 0) + 1];
  return { start, end };
}
