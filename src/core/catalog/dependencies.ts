import { checkedGraph, channelOfPriority, type Choice, type Choosing } from './choice.ts';
import { packageOf } from './findings.ts';
import type { Bundle, Catalog, CatalogPackage, Channel, Requirement } from './model.ts';
import { upgradePath } from './upgrade-path.ts';
import { compareVersions } from './version.ts';
import { parseVersionRange } from './version-range.ts';

type Context = Pick<Choosing, 'request' | 'findings'>;

/** A bundle in one of its channels. */
interface Provider {
  readonly owner: CatalogPackage;
  readonly channel: Channel;
  readonly bundle: Bundle;
}

/** Whether bundles chosen need anything of other operators. */
export function requiresOthers(choice: Choice): boolean {
  return bundlesOf(choice).some(({ requires }) => requires.length > 0);
}

/**
 * Adds what the bundles chosen require, and what that requires in turn, as oc-mirror v1 does: of each required API and
 * package the latest bundle that has it, with what leads from there to the head of its channel. What no package of the
 * catalog has is a warning.
 */
export function addDependencies(
  choices: readonly Choice[],
  catalog: Catalog,
  context: Context,
): readonly Choice[] {
  const added: Provider[] = [];
  const known = new Set<string>();
  for (let bundles = choices.flatMap(bundlesOf); bundles.length > 0; ) {
    const requirements = bundles.flatMap((bundle) =>
      bundle.requires.flatMap((requirement) => {
        const key = JSON.stringify(requirement);
        if (known.has(key)) return [];
        known.add(key);
        return [{ requirement, bundle }];
      }),
    );
    const found = requirements.flatMap(({ requirement, bundle }) => {
      const provider = providerOf(requirement, catalog);
      if (provider === undefined) tellUnmet(requirement, bundle, context);
      return provider ?? [];
    });
    added.push(...found);
    bundles = found.map(({ bundle }) => bundle);
  }
  return merged(choices, added, context);
}

function bundlesOf({ package: owner, channels }: Choice): Bundle[] {
  const names = new Set([...channels.values()].flatMap((bundles) => [...bundles]));
  return [...names].flatMap((name) => owner.bundles.get(name) ?? []);
}

/** The latest bundle that meets a requirement: of the first package that has one. */
function providerOf(requirement: Requirement, catalog: Catalog): Provider | undefined {
  if (requirement.kind === 'api') {
    for (const owner of catalog.packages.values()) {
      const provider = latestIn(owner, ({ provides }) => provides.includes(requirement.api));
      if (provider !== undefined) return provider;
    }
    return undefined;
  }
  const owner = catalog.packages.get(requirement.name);
  const test = requirement.range === '' ? () => true : parseVersionRange(requirement.range);
  if (owner === undefined || test === undefined) return undefined;
  return latestIn(owner, ({ version }) => version !== undefined && test(version));
}

/** The bundle of the highest version that fits; where several channels have it, in the default channel. */
function latestIn(owner: CatalogPackage, fits: (bundle: Bundle) => boolean): Provider | undefined {
  let best: Provider | undefined;
  for (const channel of owner.channels.values()) {
    for (const { name } of channel.entries) {
      const bundle = owner.bundles.get(name);
      if (bundle?.version === undefined || !fits(bundle)) continue;
      const order =
        best?.bundle.version === undefined ? 1 : compareVersions(bundle.version, best.bundle.version);
      if (order > 0 || (order === 0 && channel.name === owner.defaultChannel))
        best = { owner, channel, bundle };
    }
  }
  return best;
}

function merged(choices: readonly Choice[], added: readonly Provider[], context: Context): readonly Choice[] {
  const byName = new Map(choices.map((choice) => [choice.package.name, choice]));
  for (const { owner, channel, bundle } of added) {
    const known = byName.get(owner.name);
    const chosen = known?.channels.get(channel.name) ?? new Set<string>();
    if (chosen.has(bundle.name)) continue;
    const graph = checkedGraph(channel, context);
    if (graph === undefined) continue;
    const bundles = new Set([...chosen, ...upgradePath(bundle.name, graph)]);
    const channels = new Map([...(known?.channels ?? []), [channel.name, bundles]]);
    byName.set(owner.name, {
      package: owner,
      channels,
      defaultChannel: known?.defaultChannel ?? defaultOf(owner, channels),
    });
  }
  return [...byName.values()];
}

function defaultOf(owner: CatalogPackage, chosen: ReadonlyMap<string, unknown>): string | undefined {
  const { defaultChannel } = owner;
  if (defaultChannel !== undefined && chosen.has(defaultChannel)) return defaultChannel;
  return channelOfPriority(owner, chosen) ?? defaultChannel;
}

function tellUnmet(requirement: Requirement, bundle: Bundle, { request, findings }: Context): void {
  const what =
    requirement.kind === 'api'
      ? `the API ${requirement.api}`
      : `package ${requirement.name} ${requirement.range || 'in any version'}`;
  const owner = packageOf(bundle.package, request.catalog);
  findings.warn(
    'dependency',
    `bundle ${bundle.name} of ${owner} requires ${what}, which no package of the catalog has`,
  );
}
