import { ToolError } from '../errors.ts';
import type { Platform } from '../oci/platform.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import type { ImageSet } from './configuration.ts';
import { type ChosenOperator, type DuCatalog, type DuOperator, duOperatorsOf } from './du-operators.ts';
import type { CatalogRequest, ChannelRequest } from './image-set.ts';

/** Which operators are asked for, by the flags of the Go tool. */
export interface OperatorOptions {
  readonly acmVersion: string | undefined;
  readonly mceVersion: string | undefined;
  /** Deprecated: stands for both. */
  readonly hubVersion: string | undefined;
  readonly duProfile: boolean;
  readonly catalogRedhatOperators: string | undefined;
  readonly catalogCertifiedOperators: string | undefined;
}

/** What an image set is made from. */
export interface GeneratorInput {
  /** Versions, in full. */
  readonly releases: readonly string[];
  /** Of the update graph: that of the releases, or whose newest release is meant. */
  readonly channel: string | undefined;
  /** A release image in place of the official ones. */
  readonly releaseImage: Reference | undefined;
  readonly images: readonly Reference[];
  readonly platform: Platform;
  readonly operators: OperatorOptions;
  readonly duOperators: readonly DuOperator[];
}

/** Versions of the hub's operators. */
export interface OperatorVersions {
  readonly acm: string | undefined;
  readonly mce: string | undefined;
}

/**
 * The image set that the flags ask for. In v2alpha1, where a package can name its default channel: v1alpha2 needs the
 * catalog's own default in it, which changes with every release of the hub. Throws `usage` for flags that do not go
 * together.
 */
export function generateImageSet(input: GeneratorInput): ImageSet {
  const { releaseImage, images, platform } = input;
  return {
    rules: 'v2alpha1',
    platform: {
      channels: releaseImage === undefined ? channelsOf(input) : [],
      architectures: platform.architecture === 'amd64' ? [] : [platform.architecture],
      ...(releaseImage === undefined ? {} : { release: releaseImage }),
    },
    catalogs: catalogsOf(input),
    additionalImages: images,
    blockedImages: [],
  };
}

/** Whether the flags ask for any operator. */
export function asksForOperators({
  mceVersion,
  acmVersion,
  hubVersion,
  duProfile,
}: OperatorOptions): boolean {
  return duProfile || [mceVersion, acmVersion, hubVersion].some((version) => version !== undefined);
}

/** The versions of both operators of the hub. Throws `usage` where one is missing or no version. */
export function operatorVersions(options: OperatorOptions): OperatorVersions {
  const { hubVersion, duProfile } = options;
  if (hubVersion !== undefined) {
    if (options.acmVersion !== undefined || options.mceVersion !== undefined) {
      throw usage(
        '--hub-version and --acm-version or --mce-version exclude each other',
        'leave --hub-version out',
      );
    }
    return versionsOfHub(checked('--hub-version', hubVersion));
  }
  const acm = checked('--acm-version', options.acmVersion);
  const mce = checked('--mce-version', options.mceVersion);
  if (duProfile && acm === undefined) {
    throw usage(
      '--du-profile needs the version of Advanced Cluster Management',
      'add --acm-version, as "oc get csv -A" on the hub has it',
    );
  }
  if ((duProfile || acm !== undefined) && mce === undefined) {
    throw usage(
      `${duProfile ? '--du-profile' : '--acm-version'} needs the version of the multicluster engine`,
      'add --mce-version, as "oc get csv -A" on the hub has it',
    );
  }
  return { acm, mce };
}

/** The one version stood for both while their patch versions went together. */
function versionsOfHub(hub: string): OperatorVersions {
  const [major = '', minor = '', patch = ''] = hub.split('.');
  const engines: Readonly<Record<string, string>> = { '2.5': '2.0', '2.6': '2.1' };
  const engine = engines[`${major}.${minor}`];
  if (engine !== undefined) return { acm: hub, mce: `${engine}.${patch}` };
  throw usage(
    `--hub-version does not say which multicluster engine belongs to ${hub}`,
    'use --acm-version and --mce-version',
  );
}

function checked<T extends string | undefined>(flag: string, version: T): T {
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) {
    throw usage(`${flag} "${version}" is no version`, 'write it in full, such as 2.5.4');
  }
  return version;
}

function channelsOf({ releases, channel }: GeneratorInput): ImageSet['platform']['channels'] {
  const mode = { shortestPath: false, full: false };
  if (releases.length === 0) return channel === undefined ? [] : [{ name: channel, ...mode }];
  return releases.map((version) => ({
    name: channel ?? usualChannel(version),
    minVersion: version,
    maxVersion: version,
    ...mode,
  }));
}

/** A release that is no prerelease is in the stable channel sooner or later, every other one in the candidates'. */
function usualChannel(version: string): string {
  return `${version.includes('-') ? 'candidate' : 'stable'}-${minorOf(version)}`;
}

function catalogsOf({ releases, channel, operators, duOperators }: GeneratorInput): CatalogRequest[] {
  const { catalogRedhatOperators: redhat, catalogCertifiedOperators: certified, duProfile } = operators;
  if (!asksForOperators(operators)) {
    if (redhat === undefined && certified === undefined) return [];
    throw usage('a catalog was named, and no operator of it', 'add --mce-version or --du-profile');
  }
  const { acm, mce } = operatorVersions(operators);
  const ofChannel = channel === undefined ? [] : [channel.slice(channel.indexOf('-') + 1)];
  const minors = [...new Set(releases.length === 0 ? ofChannel : releases.map(minorOf))];
  if (minors.length === 0 && (duProfile || redhat === undefined)) {
    throw usage('operators are chosen for a release, and none is named', 'add --release or --channel');
  }
  const locations = { redhat, certified };
  const catalogs = new Map<string, Packages>();
  for (const minor of minors.length === 0 ? [''] : minors) {
    const chosen = duProfile ? duOperatorsOf(minor, duOperators) : [];
    const hub = [
      ...(mce === undefined ? [] : [hubOperator('multicluster-engine', 'stable', mce)]),
      ...(acm === undefined || !duProfile
        ? []
        : [hubOperator('advanced-cluster-management', 'release', acm)]),
    ];
    for (const { package: name, catalog, ...channel } of [...hub, ...chosen.map(atHead)]) {
      addChannel(catalogs, locations[catalog] ?? officialCatalog(catalog, minor), name, channel);
    }
  }
  return [...catalogs].map(([catalog, packages]) => ({
    catalog: parseReference(catalog),
    full: false,
    packages: [...packages].map(([name, channels]) => ({
      name,
      defaultChannel: channels[0]?.name ?? '',
      channels,
      bundles: [],
    })),
    rules: 'v2alpha1',
  }));
}

type Packages = Map<string, ChannelRequest[]>;

interface Wanted extends ChannelRequest {
  readonly package: string;
  readonly catalog: DuCatalog;
}

/** One version of an operator of the hub, whose channels are called after its minor version. */
function hubOperator(name: string, line: string, version: string): Wanted {
  const channel = `${line}-${minorOf(version)}`;
  return { package: name, catalog: 'redhat', name: channel, minVersion: version, maxVersion: version };
}

function atHead({ channel, ...operator }: ChosenOperator): Wanted {
  return { ...operator, name: channel };
}

/** A catalog that serves several releases may have to give a channel for each. */
function addChannel(
  catalogs: Map<string, Packages>,
  catalog: string,
  name: string,
  channel: ChannelRequest,
): void {
  const packages = catalogs.get(catalog) ?? new Map<string, ChannelRequest[]>();
  catalogs.set(catalog, packages);
  const channels = packages.get(name) ?? [];
  packages.set(name, channels);
  if (!channels.some((known) => known.name === channel.name)) channels.push(channel);
}

function officialCatalog(catalog: DuCatalog, release: string): string {
  return `registry.redhat.io/redhat/${catalog}-operator-index:v${release}`;
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

function usage(message: string, hint: string): ToolError {
  return new ToolError('usage', message, { hint });
}
