import type { Wanted } from '../core/catalog/model.ts';
import { type CatalogInput, type OperatorSelection, selectOperators } from '../core/catalog/select.ts';
import type { CatalogRequest } from '../core/imageset/image-set.ts';
import { formatReference } from '../core/oci/reference.ts';
import { type CatalogSource, type IndexImage, readCatalog } from './read-catalog.ts';

/** What was chosen of the catalogs of an image set, and the catalogs themselves. */
export interface Operators extends OperatorSelection {
  /** In the order of the requests; one that is asked for several times is there once. */
  readonly catalogs: readonly IndexImage[];
}

/**
 * Reads the catalogs of an image set, one after the other, and chooses what each request asks for. Warnings are
 * emitted. Throws as `readCatalog` and `selectOperators` do.
 */
export async function readOperators(
  requests: readonly CatalogRequest[],
  source: CatalogSource,
): Promise<Operators> {
  const wanted = wantedOf(requests);
  const catalogs = new Map<string, IndexImage>();
  const inputs: CatalogInput[] = [];
  for (const request of requests) {
    const name = formatReference(request.catalog);
    const known = catalogs.get(name);
    if (known === undefined) source.emit({ type: 'step', text: `Reading catalog ${name}` });
    const index = known ?? (await readCatalog(request.catalog, wanted.get(name), source));
    catalogs.set(name, index);
    inputs.push({ request, catalog: index.catalog });
  }
  const selection = selectOperators(inputs);
  for (const { message, hint } of selection.warnings) source.emit({ type: 'warning', text: message, hint });
  return { ...selection, catalogs: [...catalogs.values()] };
}

/** The packages wanted of each catalog, all of its requests taken together; undefined for all packages. */
function wantedOf(requests: readonly CatalogRequest[]): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Set<string> | undefined>();
  for (const { catalog, packages } of requests) {
    const name = formatReference(catalog);
    const known = wanted.has(name) ? wanted.get(name) : new Set<string>();
    const all = known === undefined || packages.length === 0;
    wanted.set(name, all ? undefined : new Set([...known, ...packages.map((each) => each.name)]));
  }
  return wanted;
}
