import type { VersionRange } from '../imageset/image-set.ts';
import { type ChannelGraph, chainFrom } from './channel-graph.ts';
import {
  allOf,
  type Choice,
  type Choosing,
  channelNamed,
  checkedGraph,
  hasVersions,
  headOf,
  rangeText,
} from './choice.ts';
import { nearestHint, nearestVersionsHint, packageOf } from './findings.ts';
import type { CatalogPackage, Channel } from './model.ts';
import { boundsV2 } from './version-bounds.ts';
import type { VersionTest } from './version-range.ts';

/**
 * Chooses of a package as oc-mirror v2 does (v2alpha1): channels that are not named are all taken; of each the head,
 * with a range the part of the replaces chain that covers it, with bundles those named. Undefined after a finding.
 */
export function chooseV2(choosing: Choosing): Choice | undefined {
  const { package: owner, wanted } = choosing;
  if (contradicts(choosing)) return undefined;
  const named = wanted.channels.flatMap(({ name }) => channelNamed(name, choosing) ?? []);
  if (named.length < wanted.channels.length || !bundlesExist(choosing)) return undefined;
  const kept = wanted.channels.length === 0 ? [...owner.channels.values()] : named;
  const defaultChannel = defaultOf(kept, choosing);
  if (defaultChannel === 'none') return undefined;
  const channels = new Map<string, ReadonlySet<string>>();
  for (const channel of kept) {
    const bundles = bundlesOf(channel, choosing);
    if (bundles === undefined) return undefined;
    if (bundles.size > 0) channels.set(channel.name, bundles);
    else if (channel.name === defaultChannel && !isOneVersion(rangeOf(channel, choosing))) {
      nothingIn(channel, choosing);
      return undefined;
    }
  }
  if (channels.size === 0) {
    for (const channel of kept.slice(0, 1)) nothingIn(channel, choosing);
    return undefined;
  }
  return { package: owner, defaultChannel, channels };
}

/** Requests that oc-mirror refuses too. */
function contradicts({ wanted, request, findings }: Choosing): boolean {
  const before = `${packageOf(wanted.name, request.catalog)}:`;
  const ranges = hasRange(wanted) || wanted.channels.some(hasRange);
  const refuse = (message: string): true => {
    findings.invalid('conflict', `${before} ${message}`);
    return true;
  };
  if (request.full && ranges) return refuse('full and a range of versions exclude each other');
  if (request.full && wanted.bundles.length > 0) return refuse('full and named bundles exclude each other');
  if (wanted.bundles.length > 0 && ranges)
    return refuse('named bundles and a range of versions exclude each other');
  if (hasRange(wanted) && wanted.channels.length > 0) {
    return refuse('a range of versions belongs to the channels when channels are named');
  }
  if (wanted.minBundle !== undefined || wanted.channels.some(({ minBundle }) => minBundle !== undefined)) {
    findings.warn('ignored-field', `${before} minBundle has no meaning in v2alpha1 and is not heeded`);
  }
  return false;
}

function bundlesExist({ package: owner, wanted, request, findings }: Choosing): boolean {
  const absent = wanted.bundles.filter((name) => !owner.bundles.has(name));
  for (const name of absent) {
    const message = `no bundle ${name} in ${packageOf(owner.name, request.catalog)}`;
    findings.missing('bundle', message, nearestHint(name, owner.bundles.keys(), 'bundles'));
  }
  return absent.length === 0;
}

/** The default channel of what is kept; 'none' after a finding. */
function defaultOf(kept: readonly Channel[], choosing: Choosing): string | undefined {
  const { package: owner, wanted, request, findings } = choosing;
  const isKept = (name: string): boolean => kept.some((channel) => channel.name === name);
  const { defaultChannel: asked } = wanted;
  if (asked !== undefined) {
    if (isKept(asked)) return asked;
    if (channelNamed(asked, choosing) === undefined) return 'none';
    findings.invalid(
      'default-channel',
      `${packageOf(owner.name, request.catalog)}: its defaultChannel ${asked} is not among its channels`,
      `add ${asked} to the channels, or name another default`,
    );
    return 'none';
  }
  if (owner.defaultChannel === undefined || isKept(owner.defaultChannel)) return owner.defaultChannel;
  findings.invalid(
    'default-channel',
    `${packageOf(owner.name, request.catalog)}: its default channel ${owner.defaultChannel} is not among the channels chosen`,
    `set defaultChannel to one of ${kept.map(({ name }) => name).join(', ')}, or add ${owner.defaultChannel}`,
  );
  return 'none';
}

function rangeOf({ name }: Channel, { wanted }: Choosing): VersionRange {
  const own = wanted.channels.find((channel) => channel.name === name);
  return own !== undefined && hasRange(own) ? own : wanted;
}

/** What is chosen of a channel, perhaps nothing; undefined after a finding. */
function bundlesOf(channel: Channel, choosing: Choosing): ReadonlySet<string> | undefined {
  const { package: owner, wanted, request } = choosing;
  if (wanted.bundles.length > 0) {
    const named = new Set(wanted.bundles);
    return new Set(channel.entries.map(({ name }) => name).filter((name) => named.has(name)));
  }
  if (request.full) return allOf(channel);
  const range = rangeOf(channel, choosing);
  if (!hasRange(range)) {
    const head = headOf(channel, choosing);
    return head.size === 0 ? undefined : head;
  }
  const test = boundsV2(range);
  if (test === undefined) {
    const message = `${packageOf(owner.name, request.catalog)}: "${rangeText(range)}" is no range of versions`;
    choosing.findings.invalid('range', message);
    return undefined;
  }
  if (!hasVersions(channel, choosing)) return undefined;
  if (isOneVersion(range)) return inRange(channel, owner, test);
  const graph = checkedGraph(channel, choosing);
  return graph === undefined ? undefined : coveringPart(graph, owner, test);
}

function inRange(channel: Channel, owner: CatalogPackage, test: VersionTest): Set<string> {
  const names = channel.entries.map(({ name }) => name);
  return new Set(names.filter((name) => isIn(name, owner, test)));
}

function isIn(name: string, owner: CatalogPackage, test: VersionTest): boolean {
  const version = owner.bundles.get(name)?.version;
  return version !== undefined && test(version);
}

/**
 * The shortest part of the replaces chain with every bundle of the range in it or skipped by it, and those skipped.
 * No second head comes about, so that bundles outside of the range may be taken in with it.
 */
function coveringPart(
  { head, entries }: ChannelGraph,
  owner: CatalogPackage,
  test: VersionTest,
): Set<string> {
  const chain = [...chainFrom(head.name, entries)];
  const seen = new Set<string>();
  /** Bundles of the range at each entry or below it, counted once. */
  const counts = chain.toReversed().map(({ name, skips }) => {
    for (const each of [name, ...skips]) if (isIn(each, owner, test)) seen.add(each);
    return seen.size;
  });
  counts.reverse();
  const most = counts[0] ?? 0;
  const chosen = new Set<string>();
  for (const [index, { name, skips }] of chain.entries()) {
    const count = counts[index] ?? 0;
    if (count === 0) break;
    // What lies above the lowest entry that has them all is not needed.
    if (count === most && counts[index + 1] === most) continue;
    chosen.add(name);
    for (const skipped of skips) if (isIn(skipped, owner, test)) chosen.add(skipped);
  }
  return chosen;
}

function nothingIn(channel: Channel, choosing: Choosing): void {
  const { package: owner, wanted, request, findings } = choosing;
  const where = `channel ${channel.name} of ${packageOf(owner.name, request.catalog)}`;
  if (wanted.bundles.length > 0) {
    const names = channel.entries.map(({ name }) => name);
    const [first = ''] = wanted.bundles;
    findings.missing(
      'bundle',
      `none of the bundles named is in ${where}`,
      nearestHint(first, names, 'bundles'),
    );
    return;
  }
  const range = rangeOf(channel, choosing);
  const versions = channel.entries.flatMap(({ name }) => owner.bundles.get(name)?.version ?? []);
  findings.missing(
    'version',
    `no version ${rangeText(range)} in ${where}`,
    nearestVersionsHint(range.minVersion ?? range.maxVersion ?? '', versions),
  );
}

function hasRange({ minVersion, maxVersion }: VersionRange): boolean {
  return minVersion !== undefined || maxVersion !== undefined;
}

/** Both ends the same: that version and nothing else, of whichever channels have it. */
function isOneVersion({ minVersion, maxVersion }: VersionRange): boolean {
  return minVersion !== undefined && minVersion === maxVersion;
}
