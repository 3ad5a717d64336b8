/** Which of the two catalogs of Red Hat has an operator. */
export const duCatalogs = ['redhat', 'certified'] as const;
export type DuCatalog = (typeof duCatalogs)[number];

/** An operator of the DU profile, in some OpenShift releases. */
export interface DuOperator {
  readonly package: string;
  readonly catalog: DuCatalog;
  /** `{release}` in it stands for the release, `X.Y`. */
  readonly channel: string;
  /** The first release with it, and the first without it again, `X.Y`; no bound holds for all. */
  readonly since?: string | undefined;
  readonly before?: string | undefined;
}

/**
 * The operators of the telco RAN DU profile, by OpenShift release. Sources: up to 4.15 the image set template of
 * openshift-kni/telco-ran-tools (cmd/templates.go, 2022 to December 2023); later the subscriptions of
 * openshift-kni/cnf-features-deploy (ztp/source-crs) and openshift-kni/telco-reference (telco-ran/configuration/
 * source-crs, August 2026). LVMS has one channel for each release, whatever a subscription there says. Channels of
 * logging and OADP between those that were read follow the life cycle of the products: logging 5.9, 6.2; OADP 1.4.
 */
export const duOperators: readonly DuOperator[] = [
  { package: 'local-storage-operator', catalog: 'redhat', channel: 'stable' },
  { package: 'ptp-operator', catalog: 'redhat', channel: 'stable' },
  { package: 'sriov-network-operator', catalog: 'redhat', channel: 'stable' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable', before: '4.14' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-5.8', since: '4.14', before: '4.16' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-5.9', since: '4.16', before: '4.17' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-6.0', since: '4.17', before: '4.18' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-6.2', since: '4.18', before: '4.20' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-6.4', since: '4.20', before: '4.21' },
  { package: 'cluster-logging', catalog: 'redhat', channel: 'stable-6.5', since: '4.21' },
  { package: 'performance-addon-operator', catalog: 'redhat', channel: '{release}', before: '4.11' },
  {
    package: 'odf-lvm-operator',
    catalog: 'redhat',
    channel: 'stable-{release}',
    since: '4.10',
    before: '4.12',
  },
  { package: 'lvms-operator', catalog: 'redhat', channel: 'stable-{release}', since: '4.12' },
  {
    package: 'amq7-interconnect-operator',
    catalog: 'redhat',
    channel: '1.10.x',
    since: '4.10',
    before: '4.13',
  },
  { package: 'bare-metal-event-relay', catalog: 'redhat', channel: 'stable', since: '4.10', before: '4.13' },
  { package: 'lifecycle-agent', catalog: 'redhat', channel: 'stable', since: '4.16' },
  {
    package: 'redhat-oadp-operator',
    catalog: 'redhat',
    channel: 'stable-1.3',
    since: '4.16',
    before: '4.17',
  },
  {
    package: 'redhat-oadp-operator',
    catalog: 'redhat',
    channel: 'stable-1.4',
    since: '4.17',
    before: '4.19',
  },
  { package: 'redhat-oadp-operator', catalog: 'redhat', channel: 'stable', since: '4.19' },
  { package: 'kubernetes-nmstate-operator', catalog: 'redhat', channel: 'stable', since: '4.21' },
  { package: 'openshift-cert-manager-operator', catalog: 'redhat', channel: 'stable-v1', since: '4.21' },
  { package: 'sriov-fec', catalog: 'certified', channel: 'stable' },
];

/** A package and its channel in one release. */
export interface ChosenOperator extends Pick<DuOperator, 'package' | 'catalog' | 'channel'> {}

/** The operators of a list that a release (`X.Y`) has, in the order of the list. */
export function duOperatorsOf(release: string, list: readonly DuOperator[]): readonly ChosenOperator[] {
  const own = minorOf(release) ?? 0;
  return list
    .filter(({ since, before }) => own >= (minorOf(since) ?? 0) && own < (minorOf(before) ?? Infinity))
    .map(({ package: name, catalog, channel }) => ({
      package: name,
      catalog,
      channel: channel.replaceAll('{release}', release),
    }));
}

function minorOf(release = ''): number | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(release) ?? [];
  return major === undefined ? undefined : Number(major) * 1000 + Number(minor);
}
