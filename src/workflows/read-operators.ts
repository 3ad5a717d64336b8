import type { Wanted } from '../core/catalog/model.ts';
import { type CatalogInput, type OperatorSelection, selectOperators } from '../core/catalog/select.ts';
import type { Emit } from '../core/events.ts';
import type { CatalogRequest } from '../core/imageset/image-set.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';
import { type CatalogSource, type IndexImage, readCatalog } from './read-catalog.ts';

/** What was chosen of the catalogs of an image set, and the catalogs themselves. */
export interface Operators extends OperatorSelection {
  /** In the order of the requests; one that is asked for several times is there once. */
  readonly catalogs: readonly IndexImage[];
}

/**
 * Reads the catalogs of an image set, one after the other, and chooses what each request asks for. A catalog of which
 * operators were chosen that require others is read a second time, in full. Warnings are emitted. Throws as
 * `readCatalog` and `selectOperators` do.
 */
export async function readOperators(
  requests: readonly CatalogRequest[],
  source: CatalogSource,
): Promise<Operators> {
  const wanted = wantedOf(requests);
  const catalogs = new Map<string, IndexImage>();
  for (const [name, { catalog, packages }] of wanted) {
    source.emit({ type: 'step', text: `Reading catalog ${name}` });
    catalogs.set(name, await readCatalog(catalog, packages, source));
  }
  const inputs = (): CatalogInput[] =>
    requests.flatMap((request) => {
      const index = catalogs.get(formatReference(request.catalog));
      return index === undefined ? [] : [{ request, catalog: index.catalog }];
    });
  let selection = selectOperators(inputs());
  for (const catalog of selection.unread) {
    const name = formatReference(catalog);
    source.emit({ type: 'step', text: `Looking in catalog ${name} for what the operators require` });
    // Warnings of what was wanted were given; those of all other packages are of no use.
    const emit: Emit = (event) => (event.type === 'warning' ? undefined : source.emit(event));
    catalogs.set(name, await readCatalog(catalog, undefined, { ...source, emit }));
  }
  if (selection.unread.length > 0) selection = selectOperators(inputs());
  for (const { message, hint } of selection.warnings) source.emit({ type: 'warning', text: message, hint });
  return { ...selection, catalogs: [...catalogs.values()] };
}

interface WantedCatalog {
  readonly catalog: Reference;
  readonly packages: Wanted;
}

/** The packages wanted of each catalog, all of its requests taken together. */
function wantedOf(requests: readonly CatalogRequest[]): ReadonlyMap<string, WantedCatalog> {
  const wanted = new Map<string, WantedCatalog>();
  for (const { catalog, packages } of requests) {
    const name = formatReference(catalog);
    const known = wanted.get(name)?.packages ?? (wanted.has(name) ? undefined : new Set<string>());
    const all = known === undefined || packages.length === 0;
    wanted.set(name, {
      catalog,
      packages: all ? undefined : new Set([...known, ...packages.map((each) => each.name)]),
    });
  }
  return wanted;
}
