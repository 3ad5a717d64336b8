import type { ChannelRequest, VersionRange } from '../imageset/image-set.ts';
import {
  allOf,
  channelOfPriority,
  channelNamed,
  checkedGraph,
  type Choice,
  type Choosing,
  hasVersions,
  headOf,
  rangeText,
} from './choice.ts';
import { nearestHint, nearestVersionsHint, packageOf } from './findings.ts';
import type { Channel } from './model.ts';
import { upgradePath } from './upgrade-path.ts';
import { compareVersions, parseVersion } from './version.ts';
import { boundsV1 } from './version-bounds.ts';

/** What is asked for of one channel. */
interface ChannelTask extends VersionRange {
  readonly channel: Channel;
  /** Bundles from which on everything up to the head is wanted. */
  readonly bundles: readonly string[];
  /** Whether it was named: then what it lacks is missed. */
  readonly named: boolean;
}

/**
 * Chooses of a package as oc-mirror v1 does (v1alpha2): the head of every channel, or of those named; with a maximum
 * the versions in the range, with a minimum alone that version and what leads from it to the head. Undefined after a
 * finding.
 */
export function chooseV1(choosing: Choosing): Choice | undefined {
  const { package: owner } = choosing;
  if (contradicts(choosing)) return undefined;
  const tasks = tasksOf(choosing);
  if (tasks === undefined) return undefined;
  const channels = new Map<string, Set<string>>();
  for (const task of tasks) {
    const bundles = bundlesOf(task, choosing);
    if (bundles === undefined) return undefined;
    const known = channels.get(task.channel.name) ?? new Set();
    if (bundles.size > 0) channels.set(task.channel.name, new Set([...known, ...bundles]));
  }
  if (channels.size === 0) {
    nothingIn(choosing);
    return undefined;
  }
  const defaultChannel = defaultOf(channels, choosing);
  return defaultChannel === 'none' ? undefined : { package: owner, defaultChannel, channels };
}

function contradicts({ wanted, request, findings }: Choosing): boolean {
  const before = `${packageOf(wanted.name, request.catalog)}:`;
  const refuse = (message: string): true => {
    findings.invalid('conflict', `${before} ${message}`);
    return true;
  };
  if (
    [wanted, ...wanted.channels].some((each) => each.minVersion !== undefined && each.minBundle !== undefined)
  ) {
    return refuse('minVersion and minBundle exclude each other');
  }
  if (wanted.maxVersion !== undefined && wanted.channels.some(hasRange)) {
    return refuse('a range of versions belongs either to the package or to its channels');
  }
  return false;
}

/** Undefined after a finding. */
function tasksOf(choosing: Choosing): ChannelTask[] | undefined {
  const { package: owner, wanted } = choosing;
  const named = wanted.channels.flatMap((each): ChannelTask[] => {
    const channel = channelNamed(each.name, choosing);
    return channel === undefined ? [] : [{ ...rangeOf(each), channel, bundles: startOf(each), named: true }];
  });
  if (named.length < wanted.channels.length || !bundlesExist(choosing)) return undefined;
  const bundles = [...wanted.bundles, ...startOf(wanted)];
  // A range for the package is for all channels, and so is a bundle or a version to begin with, also beside named ones.
  const ofPackage =
    wanted.maxVersion === undefined && (bundles.length > 0 || wanted.minVersion !== undefined);
  if (named.length > 0 && !ofPackage) return named;
  const every = [...owner.channels.values()].map((channel) => ({
    ...rangeOf(wanted),
    channel,
    bundles,
    named: false,
  }));
  return [...named, ...every];
}

function startOf({ minBundle }: Pick<ChannelRequest, 'minBundle'>): readonly string[] {
  return minBundle === undefined ? [] : [minBundle];
}

function bundlesExist({ package: owner, wanted, request, findings }: Choosing): boolean {
  const names = [wanted, ...wanted.channels].flatMap(startOf);
  const absent = [...wanted.bundles, ...names].filter((name) => !owner.bundles.has(name));
  for (const name of absent) {
    const message = `no bundle ${name} in ${packageOf(owner.name, request.catalog)}`;
    findings.missing('bundle', message, nearestHint(name, owner.bundles.keys(), 'bundles'));
  }
  return absent.length === 0;
}

/** What is chosen of a channel, perhaps nothing; undefined after a finding. */
function bundlesOf(task: ChannelTask, choosing: Choosing): ReadonlySet<string> | undefined {
  const { channel, minVersion, maxVersion, bundles } = task;
  if (maxVersion !== undefined) return versionsIn(task, choosing);
  if (minVersion !== undefined || bundles.length > 0) return fromOn(task, choosing);
  if (choosing.request.full) return allOf(channel);
  const head = headOf(channel, choosing);
  return head.size === 0 ? undefined : head;
}

function versionsIn(task: ChannelTask, choosing: Choosing): ReadonlySet<string> | undefined {
  const { channel, named } = task;
  const { package: owner, request, findings } = choosing;
  const test = boundsV1(task);
  if (test === undefined) {
    findings.invalid(
      'range',
      `${packageOf(owner.name, request.catalog)}: "${rangeText(task)}" is no range of versions`,
    );
    return undefined;
  }
  if (!hasVersions(channel, choosing)) return undefined;
  const names = channel.entries.map(({ name }) => name);
  const chosen = names.filter((name) => {
    const version = owner.bundles.get(name)?.version;
    return version !== undefined && test(version);
  });
  if (chosen.length > 0 || !named) return new Set(chosen);
  missedIn(task, choosing);
  return undefined;
}

/** A version or bundles, and what leads from there to the head. */
function fromOn(task: ChannelTask, choosing: Choosing): ReadonlySet<string> | undefined {
  const { channel, minVersion, bundles, named } = task;
  const { package: owner, request, findings } = choosing;
  const version = minVersion === undefined ? undefined : parseVersion(minVersion);
  if (minVersion !== undefined && version === undefined) {
    findings.invalid('range', `${packageOf(owner.name, request.catalog)}: "${minVersion}" is no version`);
    return undefined;
  }
  const starts = channel.entries
    .map(({ name }) => name)
    .filter((name) => {
      const own = owner.bundles.get(name)?.version;
      return (
        bundles.includes(name) ||
        (version !== undefined && own !== undefined && compareVersions(own, version) === 0)
      );
    });
  if (starts.length === 0) {
    if (!named) return new Set();
    missedIn(task, choosing);
    return undefined;
  }
  const graph = checkedGraph(channel, choosing);
  return graph === undefined ? undefined : new Set(starts.flatMap((name) => [...upgradePath(name, graph)]));
}

/** The default channel of what is chosen; where it fell away, the one of the highest priority. 'none' after a finding. */
function defaultOf(chosen: ReadonlyMap<string, unknown>, choosing: Choosing): string | undefined {
  const { package: owner, wanted, request, findings } = choosing;
  const asked = wanted.defaultChannel ?? owner.defaultChannel;
  if (asked === undefined || chosen.has(asked)) return asked;
  const best = channelOfPriority(owner, chosen);
  if (best !== undefined && wanted.defaultChannel === undefined) return best;
  findings.invalid(
    'default-channel',
    `${packageOf(owner.name, request.catalog)}: its default channel ${asked} is not among the channels chosen`,
    `add channel ${asked}`,
  );
  return 'none';
}

function missedIn({ channel, bundles, ...range }: ChannelTask, choosing: Choosing): void {
  const { package: owner, request, findings } = choosing;
  const where = `channel ${channel.name} of ${packageOf(owner.name, request.catalog)}`;
  const [bundle] = bundles;
  if (bundle !== undefined) {
    const names = channel.entries.map(({ name }) => name);
    findings.missing('bundle', `no bundle ${bundle} in ${where}`, nearestHint(bundle, names, 'bundles'));
    return;
  }
  const what = range.maxVersion === undefined ? (range.minVersion ?? '') : rangeText(rangeOf(range));
  const versions = channel.entries.flatMap(({ name }) => owner.bundles.get(name)?.version ?? []);
  findings.missing(
    'version',
    `no version ${what} in ${where}`,
    nearestVersionsHint(range.minVersion ?? range.maxVersion ?? '', versions),
  );
}

function nothingIn({ package: owner, wanted, request, findings }: Choosing): void {
  const { minVersion, maxVersion } = wanted;
  const what = maxVersion === undefined ? (minVersion ?? '') : rangeText(rangeOf(wanted));
  const versions = [...owner.bundles.values()].flatMap(({ version }) => version ?? []);
  findings.missing(
    'version',
    what === ''
      ? `nothing to choose in ${packageOf(owner.name, request.catalog)}`
      : `no version ${what} in ${packageOf(owner.name, request.catalog)}`,
    nearestVersionsHint(minVersion ?? maxVersion ?? '', versions),
  );
}

function rangeOf({ minVersion, maxVersion }: VersionRange): VersionRange {
  return {
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
}

function hasRange({ minVersion, maxVersion }: VersionRange): boolean {
  return minVersion !== undefined || maxVersion !== undefined;
}
