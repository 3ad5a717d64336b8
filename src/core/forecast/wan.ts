import type { ImagePlan } from '../imageset/image-plan.ts';
import type { Digest } from '../oci/digest.ts';
import { formatReference, type Reference } from '../oci/reference.ts';
import type { SiteCluster } from '../site/read-site.ts';
import type { Group } from '../staging/passport.ts';
import type { HubFacts } from './hub.ts';
import { type SizedImage, uniqueBytesOf } from './size.ts';

/** Something a site fetches over its WAN although the partition is there. */
export interface WanPull {
  /** Image, operator or group of images, for people. */
  readonly what: string;
  /** Undefined where nobody here knows. */
  readonly bytes: number | undefined;
  readonly because: string;
  /** What would avoid it; undefined where nothing here does. */
  readonly remedy: string | undefined;
}

/** What a cluster still pulls. */
export interface ClusterPulls {
  readonly cluster: string;
  readonly pulls: readonly WanPull[];
  /** Of the pulls whose size is known. */
  readonly bytes: number;
}

/** What is going to be on the partition. */
export interface Stock {
  readonly images: readonly SizedImage[];
  /** Of each release image, by the reference it was asked for. */
  readonly releases: readonly {
    readonly reference: Reference;
    readonly version: string;
    readonly digest: Digest;
  }[];
  /** Packages of operators that are staged. */
  readonly packages: ReadonlySet<string>;
  /** What the filter leaves out. */
  readonly ignored: readonly string[];
  /** Of it, what the installation needs. */
  readonly missed: ImagePlan['missed'];
  readonly architecture: string;
}

/** What each cluster of a site will pull over the WAN with that stock on its nodes' disks. */
export function forecastWan(
  clusters: readonly SiteCluster[],
  hub: HubFacts | undefined,
  stock: Stock,
): readonly ClusterPulls[] {
  return clusters.map((cluster) => {
    const pulls = [
      ...hookPulls(cluster, stock),
      ...releasePulls(cluster, hub, stock),
      ...hubToolPulls(stock),
      ...systemPulls(stock),
      ...(hub === undefined ? [] : policyPulls(hub, stock)),
      ...filterPulls(stock),
    ];
    return {
      cluster: cluster.name,
      pulls,
      bytes: pulls.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    };
  });
}

const useSiteconfig = 'run siteconfig on the file';

/** Without units nothing is loaded; without `--save-partlabel` the installer wipes the partition. */
function hookPulls({ label, nodes }: SiteCluster, stock: Stock): WanPull[] {
  const everything = (group: Group, because: string): WanPull => ({
    what: group === 'ai' ? 'all images of the discovery stage' : 'all images of the installation stage',
    bytes: uniqueBytesOf(stock.images, group),
    because,
    remedy: useSiteconfig,
  });
  return [
    ...(label === undefined
      ? [everything('ai', 'the ignitionConfigOverride of the cluster has no units that load them')]
      : []),
    ...nodes.flatMap((node) => {
      if (node.label === undefined) {
        return [everything('ocp', `the ignitionConfigOverride of ${node.name} has no units that load them`)];
      }
      if (node.saved.includes(node.label)) return [];
      return [
        everything(
          'ocp',
          `the installerArgs of ${node.name} do not keep the partition "${node.label}": it is wiped`,
        ),
      ];
    }),
  ];
}

function releasePulls(
  { imageSet, cpuArchitecture }: SiteCluster,
  hub: HubFacts | undefined,
  { images, releases, architecture }: Stock,
): WanPull[] {
  const whole = uniqueBytesOf(images, 'ocp');
  if (cpuArchitecture !== undefined && (architectures[cpuArchitecture] ?? cpuArchitecture) !== architecture) {
    return [
      {
        what: `everything, for ${cpuArchitecture}`,
        bytes: whole,
        because: `the nodes are ${cpuArchitecture}, and ${architecture} is staged`,
        remedy: 'stage for their architecture',
      },
    ];
  }
  if (imageSet === undefined) return [];
  const release = hub?.imageSets.get(imageSet);
  if (release === undefined) return unknownRelease(imageSet, releases, whole);
  const name = formatReference(release);
  if (images.some(({ planned }) => formatReference(planned.reference) === name)) return [];
  // A container storage that owns any name of a repository answers for its digests.
  const same = releases.filter(({ digest }) => digest === release.digest);
  if (same.some(({ reference }) => repositoryOf(reference) === repositoryOf(release))) return [];
  const other = same[0] ?? releases.find(({ reference }) => releaseOf(reference) === releaseOf(release));
  if (other !== undefined) {
    return [
      {
        what: name,
        bytes: 0,
        because: `the same release is staged as ${formatReference(other.reference)}: its manifest is asked for by this name`,
        remedy: `stage it under this name: --release-image ${name}`,
      },
    ];
  }
  return [
    {
      what: `the release ${name}`,
      bytes: whole,
      because: `the ClusterImageSet ${imageSet} names it, and it is not staged`,
      remedy: `stage it: --release-image ${name}`,
    },
  ];
}

/** Kubernetes' names for what OpenShift calls by the kernel's. */
const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Without the ClusterImageSet only its name tells what it may be. */
function unknownRelease(imageSet: string, releases: Stock['releases'], whole: number): WanPull[] {
  const version = /(?<!\d)\d+\.\d+\.\d+(?:-(?:rc|ec|fc)\.\d+)?/.exec(imageSet)?.[0];
  if (version !== undefined && releases.some((release) => release.version === version)) return [];
  if (version === undefined) {
    return [
      {
        what: `the release of the ClusterImageSet ${imageSet}`,
        bytes: undefined,
        because: 'its name does not tell which release that is',
        remedy: 'give its manifest with --hub',
      },
    ];
  }
  const staged = releases.map((release) => release.version).join(', ') || 'no release';
  return [
    {
      what: `the release ${version}`,
      bytes: whole,
      because: `the ClusterImageSet ${imageSet} names it, and ${staged} is staged`,
      remedy: `stage it: --release ${version}`,
    },
  ];
}

function repositoryOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** A tag or digest is the release; where it is mirrored, the registry is not. */
function releaseOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? '';
}

/** The images of the assisted service: their digests are the hub's, no release has them. */
function hubToolPulls({ images }: Stock): WanPull[] {
  const staged = images.some(({ planned }) => /assisted-installer/.test(planned.reference.repository));
  if (staged) return [];
  return [
    {
      what: 'assisted-installer-agent, assisted-installer, assisted-installer-controller',
      bytes: undefined,
      because: 'the hub says which ones it uses, and none is staged',
      remedy: 'stage the images of the hub: --ai-img, or --acm-version and --mce-version',
    },
  ];
}

/** Pulls that no preloaded storage answers. */
function systemPulls({ images, releases }: Stock): WanPull[] {
  const newest = releases.map(({ version }) => minorOf(version)).toSorted((a, b) => b - a)[0];
  const system = images.find(({ planned }) => systemImages.includes(planned.component ?? ''));
  const bytes = system?.blobs.reduce((sum, { size }) => sum + size, 0);
  const manifests: WanPull = {
    what: 'manifests of the release image, machine-config-operator and must-gather',
    bytes: 0,
    because: '"podman pull" asks the registry even when the image is there; only layers are spared',
    remedy: undefined,
  };
  if (newest === undefined) return [];
  return [
    manifests,
    ...(newest >= 15
      ? [
          {
            what: `the operating system image${system === undefined ? '' : ` ${formatReference(system.planned.reference)}`}`,
            bytes,
            because:
              newest >= 19
                ? 'the live system and the installer fetch it with ostree, which reads no container storage'
                : 'the installer deploys it with ostree, which reads no container storage (OpenShift 4.15 and later)',
            remedy: undefined,
          },
        ]
      : []),
  ];
}

const systemImages: readonly string[] = [
  'rhel-coreos',
  'rhel-coreos-8',
  'stream-coreos',
  'machine-os-content',
];

function minorOf(version: string): number {
  return Number(/^4\.(\d+)\./.exec(version)?.[1] ?? 0);
}

function policyPulls(hub: HubFacts, { images, packages }: Stock): WanPull[] {
  const staged = new Set(images.map(({ planned }) => formatReference(planned.reference)));
  const absent = (reference: Reference): boolean => !staged.has(formatReference(reference));
  const named = (references: readonly Reference[]): string[] => [
    ...new Set(references.filter(absent).map((reference) => formatReference(reference))),
  ];
  return [
    ...hub.subscriptions
      .filter((subscription) => !packages.has(subscription.package))
      .map(({ package: name, channel }) => ({
        what: `the operator ${name}${channel === undefined ? '' : `, channel ${channel}`}`,
        bytes: undefined,
        because: 'a Subscription of the hub installs it, and it is not staged',
        remedy: 'add it to the image set',
      })),
    ...named(hub.catalogs).map((what) => ({
      what: `the catalog ${what}`,
      bytes: undefined,
      because: 'a CatalogSource of the hub serves it, and it is not staged',
      remedy: `stage it: --img ${what}`,
    })),
    ...named(hub.images).map((what) => ({
      what,
      bytes: undefined,
      because: 'a manifest of the hub uses it, and it is not staged',
      remedy: `stage it: --img ${what}`,
    })),
  ];
}

function filterPulls({ ignored, missed }: Stock): WanPull[] {
  const certain = missed.map(({ component, reference, needs }) => ({
    what: component ?? formatReference(reference),
    bytes: undefined,
    because: `the filter takes it, and ${[...new Set(needs.map(({ by }) => by))].join('; ')}`,
    remedy: 'narrow the pattern of --filter',
  }));
  const known = new Set(missed.map(({ reference }) => formatReference(reference)));
  const others = ignored.filter((reference) => !known.has(reference));
  if (others.length === 0) return certain;
  return [
    ...certain,
    {
      what: others.length === 1 ? String(others[0]) : `any of ${others.length} images that are left out`,
      bytes: undefined,
      because: 'the filter takes them from the plan; what needs one pulls it',
      remedy: undefined,
    },
  ];
}
