import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import { createLookup, type Lookup } from './lookup.ts';
import type { YamlDocument } from './yaml-stream.ts';

/** A mapping that gets hooks: a cluster (or the spec of a ClusterInstance) for discovery, a node for installation. */
export interface Place {
  readonly stage: Stage;
  readonly map: YAMLMap;
  /** `clusterName` or `hostName`, for messages. */
  readonly name: string;
  /** For a node: its cluster. */
  readonly cluster?: Place;
  /** For a cluster: the names of its nodes. */
  readonly nodeNames: readonly string[];
}

/** One site, a document or an item of a list in it, with everything in it that gets hooks. */
export interface SiteDocument {
  readonly source: YamlDocument;
  readonly root: YAMLMap;
  readonly lookup: Lookup;
  readonly places: readonly Place[];
}

/**
 * Finds the places of a SiteConfig (ran.openshift.io) or ClusterInstance (siteconfig.open-cluster-management.io): the
 * document, or the part of it that `root` names. Undefined for another kind. What is missing is added to `mistakes`.
 */
export function findPlaces(
  source: YamlDocument,
  mistakes: Diagnostic[],
  root: Node | null = source.document.contents,
): SiteDocument | undefined {
  if (!isMap(root)) return undefined;
  const lookup = createLookup(source.targets);
  const kind = textField(lookup, root, 'kind');
  const [group, version] = textField(lookup, root, 'apiVersion').split('/');
  const known = siteKindOf(kind, group ?? '');
  if (known === undefined) return undefined;
  if (!known.versions.includes(version ?? '')) {
    mistakes.push(
      at(
        lookup.field(root, 'apiVersion')?.value ?? root,
        'site-version',
        `${kind} of a version this program does not know`,
      ),
    );
    return { source, root, lookup, places: [] };
  }
  const spec = lookup.resolve(lookup.field(root, 'spec')?.value);
  if (!isMap(spec)) {
    mistakes.push(at(root, 'no-spec', `this ${kind} has no spec`));
    return { source, root, lookup, places: [] };
  }
  const found = known.clustered ? clusters(lookup, spec, mistakes) : [spec];
  return { source, root, lookup, places: unique(found.flatMap((map) => cluster(lookup, map, mistakes))) };
}

/** A kind of site by its name and API group. */
export function siteKindOf(kind: string, group: string): SiteKind | undefined {
  return kinds.find((candidate) => candidate.kind === kind && candidate.group === group);
}

const kinds: readonly SiteKind[] = [
  { kind: 'SiteConfig', group: 'ran.openshift.io', versions: ['v1', 'v2'], clustered: true },
  {
    kind: 'ClusterInstance',
    group: 'siteconfig.open-cluster-management.io',
    versions: ['v1alpha1'],
    clustered: false,
  },
];

/** A kind of document that has places. */
export interface SiteKind {
  readonly kind: 'SiteConfig' | 'ClusterInstance';
  readonly group: string;
  readonly versions: readonly string[];
  /** Clusters are a list below spec; else spec is the cluster. */
  readonly clustered: boolean;
}

function clusters(lookup: Lookup, spec: YAMLMap, mistakes: Diagnostic[]): YAMLMap[] {
  return list(lookup, spec, 'clusters', { id: 'no-clusters', of: 'this SiteConfig' }, mistakes);
}

function cluster(lookup: Lookup, map: YAMLMap, mistakes: Diagnostic[]): Place[] {
  const name = textField(lookup, map, 'clusterName') || 'a cluster without a name';
  const nodes = list(lookup, map, 'nodes', { id: 'no-nodes', of: name }, mistakes);
  const nameOf = (node: YAMLMap): string => textField(lookup, node, 'hostName') || 'a node without a name';
  const place: Place = { stage: 'discovery', map, name, nodeNames: nodes.map(nameOf) };
  return [
    place,
    ...nodes.map(
      (node): Place => ({
        stage: 'installation',
        map: node,
        name: nameOf(node),
        cluster: place,
        nodeNames: [],
      }),
    ),
  ];
}

/** The mappings of a list that must not be empty. */
function list(
  lookup: Lookup,
  map: YAMLMap,
  name: string,
  missing: { readonly id: string; readonly of: string },
  mistakes: Diagnostic[],
): YAMLMap[] {
  const field = lookup.field(map, name);
  const items = lookup.resolve(field?.value);
  if (!isSeq(items) || items.items.length === 0) {
    mistakes.push(at(items ?? map, missing.id, `${missing.of} has no ${name}`));
    return [];
  }
  return items.items.flatMap((item) => {
    const resolved = lookup.resolve(item);
    if (isMap(resolved)) return [resolved];
    mistakes.push(at(resolved ?? items, 'site-type', `an item of ${name} is a mapping`));
    return [];
  });
}

/** A node that several aliases stand for gets its hooks once. */
function unique(places: readonly Place[]): Place[] {
  const seen = new Set<YAMLMap>();
  return places.filter(({ map }) => !seen.has(map) && seen.add(map));
}

function textField(lookup: Lookup, map: YAMLMap, name: string): string {
  const value = lookup.resolve(lookup.field(map, name)?.value);
  return isScalar(value) && typeof value.value === 'string' ? value.value : '';
}

function at(node: Node, id: string, message: string): Diagnostic {
  const [start, end] = node.range ?? [0, 0];
  return { id, severity: 'error', message, span: { start, end } };
}
