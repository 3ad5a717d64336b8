import type { FileReading } from './catalog-file.ts';
import type { Bundle, Catalog, CatalogProblem, Channel, Deprecation, Meta, Placed } from './model.ts';

/** A catalog, and what is wrong with it. With an error among the problems it is not to be used. */
export interface CatalogReading {
  readonly catalog: Catalog;
  readonly problems: readonly CatalogProblem[];
}

interface Draft {
  readonly name: string;
  readonly defaultChannel: string | undefined;
  readonly channels: Map<string, Channel>;
  readonly bundles: Map<string, Bundle>;
  readonly deprecations: Deprecation[];
}

/** Puts together what the files of a catalog say, in any order. Names must be unique, and belong to a package. */
export function assembleCatalog(files: readonly FileReading[]): CatalogReading {
  const problems: CatalogProblem[] = files.flatMap((file) => file.problems);
  const metas = files.flatMap((file) => file.metas);
  const places = new Map<string, Placed<unknown>>();
  const isFirst = (key: string, what: string, place: Placed<Meta>): boolean => {
    const other = places.get(key);
    if (other === undefined) {
      places.set(key, place);
      return true;
    }
    problems.push(
      problemAt(place, `${what} is here a second time: it is in ${other.file}:${other.line} too`),
    );
    return false;
  };
  const packages = new Map<string, Draft>();
  for (const meta of metas) {
    if (meta.schema !== 'olm.package' || !isFirst(`package ${meta.name}`, `package ${meta.name}`, meta))
      continue;
    const { name, defaultChannel } = meta;
    packages.set(name, { name, defaultChannel, channels: new Map(), bundles: new Map(), deprecations: [] });
  }
  const orphans = new Set<string>();
  for (const meta of metas) {
    if (meta.schema === 'olm.package') continue;
    const draft = packages.get(meta.package);
    if (draft !== undefined) addTo(draft, meta, isFirst);
    else if (!orphans.has(meta.package)) {
      orphans.add(meta.package);
      problems.push(
        problemAt(meta, `it belongs to package ${meta.package}, which the catalog does not have`),
      );
    }
  }
  const names = [...new Set(files.flatMap((file) => file.names))].toSorted();
  return { catalog: { packages, names }, problems };
}

function addTo(
  draft: Draft,
  meta: Placed<Exclude<Meta, { readonly schema: 'olm.package' }>>,
  isFirst: (key: string, what: string, place: Placed<Meta>) => boolean,
): void {
  if (meta.schema === 'olm.deprecations') {
    draft.deprecations.push(...meta.entries);
    return;
  }
  const kind = meta.schema === 'olm.channel' ? 'channel' : 'bundle';
  if (!isFirst(`${kind} ${meta.package} ${meta.name}`, `${kind} ${meta.name}`, meta)) return;
  if (meta.schema === 'olm.channel') draft.channels.set(meta.name, meta);
  else draft.bundles.set(meta.name, meta);
}

function problemAt({ file, line }: Placed<unknown>, message: string): CatalogProblem {
  return { severity: 'error', file, line, message };
}
