import { ToolError } from '../core/errors.ts';
import type { Place } from '../core/site/places.ts';
import { missingNames, type SiteSelection } from '../core/site/selection.ts';

/** The names of clusters and nodes that were found, against those that were asked for. */
export function createNames(choice: Pick<SiteSelection, 'clusters' | 'nodes'>) {
  const found = new Map<string, Pick<Place, 'stage' | 'name'>>();
  const wanted = choice.clusters.length > 0 || choice.nodes.length > 0;
  return {
    add: (places: readonly Pick<Place, 'stage' | 'name'>[]): void => {
      if (!wanted) return;
      for (const place of places) found.set(`${place.stage} ${place.name}`, place);
    },
    /** Throws `usage` for a name that is nowhere. */
    expectFound: (): void => {
      const [missing] = missingNames(choice, found.values());
      if (missing === undefined) return;
      const { kind, name, near } = missing;
      const hint = near === undefined ? undefined : `did you mean ${near}?`;
      throw new ToolError('usage', `--${kind} ${name}: there is no ${kind} of this name`, { hint });
    },
  };
}
