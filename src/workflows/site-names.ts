import { ToolError } from '../core/errors.ts';
import type { Place } from '../core/site/places.ts';
import { nearest } from '../core/text/nearest.ts';

/** Names of clusters and nodes; all, where there are none. */
export interface NameChoice {
  readonly clusters: readonly string[];
  readonly nodes: readonly string[];
}

/** The names of clusters and nodes that were found, against those that were asked for. */
export function createNames({ clusters, nodes }: NameChoice) {
  const found = { cluster: new Set<string>(), node: new Set<string>() };
  const wanted = clusters.length > 0 || nodes.length > 0;
  return {
    add: (places: readonly Pick<Place, 'stage' | 'name'>[]): void => {
      if (!wanted) return;
      for (const { stage, name } of places) found[stage === 'discovery' ? 'cluster' : 'node'].add(name);
    },
    /** Throws `usage` for a name that is nowhere. */
    expectFound: (): void => {
      for (const [kind, names] of [['cluster', clusters] as const, ['node', nodes] as const]) {
        const missing = names.find((name) => !found[kind].has(name));
        if (missing === undefined) continue;
        const near = nearest(missing, found[kind]);
        const hint = near === undefined ? undefined : `did you mean ${near}?`;
        throw new ToolError('usage', `--${kind} ${missing}: there is no ${kind} of this name`, { hint });
      }
    },
  };
}
