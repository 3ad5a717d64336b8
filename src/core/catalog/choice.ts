import type { CatalogRequest, PackageRequest } from '../imageset/image-set.ts';
import { type ChannelGraph, graphOf } from './channel-graph.ts';
import { type Findings, nearestHint, packageOf } from './findings.ts';
import type { CatalogPackage, Channel } from './model.ts';

/** What is chosen of a package: the bundles by channel, in the order of the catalog. */
export interface Choice {
  readonly package: CatalogPackage;
  readonly defaultChannel: string | undefined;
  readonly channels: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A package, what is asked for of it, and whom to tell what is wrong. */
export interface Choosing {
  readonly package: CatalogPackage;
  readonly wanted: PackageRequest;
  readonly request: CatalogRequest;
  readonly findings: Findings;
}

/** The graph of a channel; what is wrong with it is a finding. */
export function checkedGraph(
  channel: Channel,
  { request, findings }: Pick<Choosing, 'request' | 'findings'>,
): ChannelGraph | undefined {
  const { graph, mistakes } = graphOf(channel);
  for (const mistake of mistakes) {
    const where = `channel ${channel.name} of ${packageOf(channel.package, request.catalog)}`;
    findings.invalid('channel-graph', `${where}: ${mistake}`);
  }
  return graph;
}

/** Of the channels chosen the one of the highest priority, if they have any (v1). */
export function channelOfPriority(
  owner: CatalogPackage,
  chosen: ReadonlyMap<string, unknown>,
): string | undefined {
  return [...owner.channels.values()]
    .filter(({ name, priority }) => chosen.has(name) && priority !== undefined)
    .toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))[0]?.name;
}

/** The head of a channel as its only bundle; nothing when the channel has no single head. */
export function headOf(channel: Channel, choosing: Choosing): ReadonlySet<string> {
  const graph = checkedGraph(channel, choosing);
  return new Set(graph === undefined ? [] : [graph.head.name]);
}

/** Every bundle of a channel. */
export function allOf(channel: Channel): ReadonlySet<string> {
  return new Set(channel.entries.map(({ name }) => name));
}

/** A channel by its name; that it is not there is a finding. */
export function channelNamed(name: string, choosing: Choosing): Channel | undefined {
  const { package: owner, request, findings } = choosing;
  const channel = owner.channels.get(name);
  if (channel === undefined) {
    const message = `no channel ${name} in ${packageOf(owner.name, request.catalog)}`;
    findings.missing('channel', message, nearestHint(name, owner.channels.keys(), 'channels'));
  }
  return channel;
}

/** Whether the channel's bundles all have a version, so that a range can be applied; if not, that is a finding. */
export function hasVersions(channel: Channel, { package: owner, request, findings }: Choosing): boolean {
  const without = channel.entries.filter(
    ({ name }) => owner.bundles.has(name) && owner.bundles.get(name)?.version === undefined,
  );
  for (const { name } of without.slice(0, 5)) {
    findings.invalid(
      'bundle-version',
      `bundle ${name} of ${packageOf(owner.name, request.catalog)} has no version: no range can be applied to channel ${channel.name}`,
      'choose by channel only, or name the bundles',
    );
  }
  return without.length === 0;
}

/** A range as people write it. */
export function rangeText({ minVersion, maxVersion }: { minVersion?: string; maxVersion?: string }): string {
  return `from ${minVersion ?? 'the first'} to ${maxVersion ?? 'the last'}`;
}
