import { isMap, isScalar, type YAMLMap } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { hookLabel } from '../ignition/override.ts';
import { parseJson } from '../json/tree.ts';
import type { Lookup } from './lookup.ts';
import { findPlaces, type SiteDocument } from './places.ts';
import { parseYamlStream } from './yaml-stream.ts';

/** A cluster of a site, as far as it decides which images its nodes ask for. */
export interface SiteCluster {
  readonly name: string;
  /** The ClusterImageSet it is installed from. */
  readonly imageSet: string | undefined;
  /** As the document writes it: `x86_64`. */
  readonly cpuArchitecture: string | undefined;
  /** The partition label that the units of its discovery stage mount; undefined where there are none. */
  readonly label: string | undefined;
  readonly nodes: readonly SiteNode[];
}

export interface SiteNode {
  readonly name: string;
  /** The partition label that the units of its installation stage mount; undefined where there are none. */
  readonly label: string | undefined;
  /** The partitions that coreos-installer keeps, by label. */
  readonly saved: readonly string[];
}

/** The clusters of every SiteConfig and ClusterInstance in a stream. Throws a DocumentError with all mistakes. */
export function readSite(source: Source): readonly SiteCluster[] {
  const { documents, mistakes } = parseYamlStream(source.text);
  const found: Diagnostic[] = [...mistakes];
  const sites = documents.flatMap((document) => findPlaces(document, found) ?? []);
  const clusters = sites.flatMap(clustersOf);
  if (found.length === 0 && clusters.length === 0) {
    found.push({ id: 'no-site', severity: 'error', message: 'no SiteConfig or ClusterInstance in it' });
  }
  if (found.length > 0) throw new DocumentError(source, found);
  return clusters;
}

function clustersOf({ root, lookup, places }: SiteDocument): SiteCluster[] {
  const spec = lookup.resolve(lookup.field(root, 'spec')?.value);
  const text = (map: YAMLMap, name: string): string | undefined => textOf(lookup, map, name);
  const inherited = (map: YAMLMap, name: string) =>
    text(map, name) ?? (isMap(spec) ? text(spec, name) : undefined);
  return places
    .filter(({ cluster }) => cluster === undefined)
    .map((cluster) => ({
      name: cluster.name,
      imageSet: inherited(cluster.map, 'clusterImageSetNameRef'),
      cpuArchitecture: inherited(cluster.map, 'cpuArchitecture'),
      label: hookLabel(text(cluster.map, 'ignitionConfigOverride') ?? ''),
      nodes: places
        .filter((place) => place.cluster === cluster)
        .map(({ name, map }) => ({
          name,
          label: hookLabel(text(map, 'ignitionConfigOverride') ?? ''),
          saved: savedLabels(text(map, 'installerArgs') ?? '[]'),
        })),
    }));
}

function textOf(lookup: Lookup, map: YAMLMap, name: string): string | undefined {
  const value = lookup.resolve(lookup.field(map, name)?.value);
  return isScalar(value) && typeof value.value === 'string' && value.value !== '' ? value.value : undefined;
}

/** The values of `--save-partlabel`; of text that is no list of arguments, none. */
function savedLabels(text: string): string[] {
  const { root } = parseJson(text);
  if (root?.type !== 'array') return [];
  const items = root.items.map((item) => (item.type === 'scalar' ? String(item.value) : ''));
  return items.flatMap((item, index) => (items[index - 1] === '--save-partlabel' ? item.split(',') : []));
}
