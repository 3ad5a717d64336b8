import { nearest } from '../text/nearest.ts';
import type { Place } from './places.ts';

/** Which places are edited, and whether that takes their hooks. */
export interface SiteSelection {
  readonly remove: boolean;
  /** Names; all clusters, or all nodes, when there are none. */
  readonly clusters: readonly string[];
  readonly nodes: readonly string[];
}

/**
 * A cluster's own hooks go with those of any of its nodes: the node boots with them first. They stay when only nodes
 * are cleared, because others may need them.
 */
export function selectorOf({ clusters, nodes, remove }: SiteSelection): (place: Place) => boolean {
  const [clusterNames, nodeNames] = [new Set(clusters), new Set(nodes)];
  return ({ name, cluster, nodeNames: own }) => {
    if (clusterNames.size > 0 && !clusterNames.has(cluster?.name ?? name)) return false;
    if (nodeNames.size === 0) return true;
    if (cluster !== undefined) return nodeNames.has(name);
    return !remove && own.some((node) => nodeNames.has(node));
  };
}

/** A name that was asked for and is nowhere. `near`: what may be meant. */
export interface MissingName {
  readonly kind: 'cluster' | 'node';
  readonly name: string;
  readonly near: string | undefined;
}

/** The selected names that none of the places has. */
export function missingNames(
  { clusters, nodes }: Pick<SiteSelection, 'clusters' | 'nodes'>,
  places: Iterable<Pick<Place, 'stage' | 'name'>>,
): MissingName[] {
  const found = { cluster: new Set<string>(), node: new Set<string>() };
  for (const { stage, name } of places) found[stage === 'discovery' ? 'cluster' : 'node'].add(name);
  const missing = (kind: MissingName['kind'], names: readonly string[]): MissingName[] =>
    names
      .filter((name) => !found[kind].has(name))
      .map((name) => ({ kind, name, near: nearest(name, found[kind]) }));
  return [...missing('cluster', clusters), ...missing('node', nodes)];
}
