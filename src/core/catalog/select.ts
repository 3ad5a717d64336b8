import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { CatalogRequest, PackageRequest } from '../imageset/image-set.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import type { Choice } from './choice.ts';
import { addDependencies, requiresOthers } from './dependencies.ts';
import { Findings, nearestHint, packageOf } from './findings.ts';
import type { Bundle, Catalog } from './model.ts';
import { imagesOf, type OperatorImage } from './operator-images.ts';
import { chooseV1 } from './select-v1.ts';
import { chooseV2 } from './select-v2.ts';

/** A catalog that was read, and what is asked for of it. */
export interface CatalogInput {
  readonly request: CatalogRequest;
  readonly catalog: Catalog;
}

/** A package with what was chosen of it. */
export interface SelectedPackage {
  readonly catalog: Reference;
  readonly name: string;
  readonly defaultChannel: string | undefined;
  /** Names of bundles by channel. */
  readonly channels: readonly { readonly name: string; readonly bundles: readonly string[] }[];
  /** Each once, in the order of the catalog. */
  readonly bundles: readonly Bundle[];
}

/** What to stage of some catalogs. */
export interface OperatorSelection {
  readonly packages: readonly SelectedPackage[];
  /** Each reference once. */
  readonly images: readonly OperatorImage[];
  readonly warnings: readonly Diagnostic[];
  /** Catalogs that have to be read in full first: bundles chosen of them require other packages (v1). */
  readonly unread: readonly Reference[];
}

/**
 * Chooses packages, channels and bundles by the rules of each request, and the images they need. Throws a
 * DocumentError with everything that is wrong: `not-found` for packages, channels, bundles and versions that do not
 * exist, with the nearest that do; `invalid-document` for what contradicts itself.
 */
export function selectOperators(inputs: readonly CatalogInput[]): OperatorSelection {
  const findings = new Findings();
  const unread: Reference[] = [];
  const packages = inputs.flatMap((input) => {
    const choices = choicesOf(input, findings);
    const needed = withDependencies(choices, input, findings);
    if (needed === 'unread') unread.push(input.request.catalog);
    return (needed === 'unread' ? choices : needed).map((choice) => selected(choice, input, findings));
  });
  warnOfTwins(packages, findings);
  const images = imagesOf(packages, findings);
  return { packages, images, warnings: findings.settle(), unread };
}

function choicesOf({ request, catalog }: CatalogInput, findings: Findings): Choice[] {
  const choose = request.rules === 'v1alpha2' ? chooseV1 : chooseV2;
  const listed = new Set<string>();
  return packagesOf(request, catalog).flatMap((wanted) => {
    const owner = catalog.packages.get(wanted.name);
    if (listed.has(wanted.name)) {
      findings.invalid('package-twice', `${packageOf(wanted.name, request.catalog)} is listed twice`);
      return [];
    }
    listed.add(wanted.name);
    if (owner === undefined) {
      const message = `no package ${wanted.name} in ${formatReference(request.catalog)}`;
      findings.missing('package', message, nearestHint(wanted.name, catalog.names, 'packages'));
      return [];
    }
    return choose({ package: owner, wanted, request, findings }) ?? [];
  });
}

/** What v1 adds; 'unread' while the catalog has packages that were not read. */
function withDependencies(
  choices: readonly Choice[],
  { request, catalog }: CatalogInput,
  findings: Findings,
): readonly Choice[] | 'unread' {
  if (request.rules !== 'v1alpha2' || request.skipDependencies === true) return choices;
  if (!choices.some(requiresOthers)) return choices;
  if (catalog.packages.size < catalog.names.length) return 'unread';
  return addDependencies(choices, catalog, { request, findings });
}

function packagesOf(request: CatalogRequest, catalog: Catalog): readonly PackageRequest[] {
  if (request.packages.length > 0) return request.packages;
  return [...catalog.packages.keys()].map((name) => ({ name, channels: [], bundles: [] }));
}

function selected(choice: Choice, { request }: CatalogInput, findings: Findings): SelectedPackage {
  const { package: owner, defaultChannel, channels } = choice;
  const names = new Set([...channels.values()].flatMap((bundles) => [...bundles]));
  const entries = new Set(
    [...owner.channels.values()].flatMap((channel) => channel.entries.map(({ name }) => name)),
  );
  const bundles: Bundle[] = [];
  for (const name of names) {
    const bundle = owner.bundles.get(name);
    if (bundle !== undefined) bundles.push(bundle);
    // What only a skip or a replaces names need not be in the catalog any more.
    else if (entries.has(name)) {
      findings.invalid(
        'bundle-absent',
        `${packageOf(owner.name, request.catalog)}: bundle ${name} is in a channel, but not in the catalog`,
      );
    }
  }
  warnOfDeprecations(choice, names, request.catalog, findings);
  return {
    catalog: request.catalog,
    name: owner.name,
    defaultChannel,
    channels: [...channels].map(([name, chosen]) => ({ name, bundles: [...chosen] })),
    bundles,
  };
}

function warnOfDeprecations(
  { package: owner, channels }: Choice,
  bundles: ReadonlySet<string>,
  catalog: Reference,
  findings: Findings,
): void {
  for (const { kind, name, message } of owner.deprecations) {
    const isChosen =
      kind === 'package' ||
      (name !== undefined && (kind === 'channel' ? channels.has(name) : bundles.has(name)));
    if (!isChosen) continue;
    const what =
      kind === 'package'
        ? packageOf(owner.name, catalog)
        : `${kind} ${name} of ${packageOf(owner.name, catalog)}`;
    findings.warn('deprecated', `${what} is deprecated: ${message.replaceAll(/\s+/g, ' ')}`);
  }
}

function warnOfTwins(packages: readonly SelectedPackage[], findings: Findings): void {
  const first = new Map<string, Reference>();
  for (const { name, catalog } of packages) {
    const other = first.get(name);
    if (other === undefined) first.set(name, catalog);
    else {
      const catalogs = `${formatReference(other)} and ${formatReference(catalog)}`;
      findings.warn(
        'package-in-two',
        `package ${name} is chosen from two catalogs: ${catalogs}`,
        'both are staged; choose it from one of them',
      );
    }
  }
}
