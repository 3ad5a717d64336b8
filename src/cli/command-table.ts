import { formats } from '../core/staging/passport.ts';
import type { Command } from './flags.ts';

const output = {
  kind: 'string',
  short: 'o',
  value: 'format',
  description: 'result as text or json',
  choices: ['text', 'json'],
  default: 'text',
} as const;

const dryRun = { kind: 'boolean', description: 'show what would be done, change nothing' } as const;

export const partition = {
  name: 'partition',
  summary: 'create the partition that holds the staged images, at the end of a disk',
  description: `Creates a GPT partition at the end of the disk and an XFS file system on it. Refuses a disk that is in use or
holds anything, unless --wipe or --into-free-space says otherwise. Sizes count GiB, as in "100", "100GB", "100GiB".
An interrupted run is recognised and continued. Prints the partition's device path.`,
  flags: {
    device: {
      kind: 'string',
      short: 'd',
      value: 'device',
      description: 'disk to partition, by any name',
      required: true,
    },
    size: {
      kind: 'size',
      short: 's',
      value: 'size',
      description: 'size of the partition, GiB unless a unit is given',
      default: '100',
    },
    label: {
      kind: 'string',
      short: 'l',
      value: 'label',
      description: 'GPT partition label',
      default: 'data',
    },
    num: {
      kind: 'integer',
      short: 'n',
      value: 'number',
      description: 'partition number, 1 to 128 (default: the first free one)',
    },
    wipe: {
      kind: 'boolean',
      description:
        'destroy what is on the disk, or left in its free space with --into-free-space; needs --confirm',
    },
    confirm: {
      kind: 'string',
      value: 'serial',
      description: "the disk's serial number or its name, typed back to confirm --wipe",
    },
    intoFreeSpace: {
      kind: 'boolean',
      description: 'add the partition behind those that exist, without touching them',
    },
    mount: { kind: 'string', value: 'directory', description: 'mount the new file system there' },
    dryRun,
    output,
  },
  examples: [
    'factory-precaching-cli partition -d /dev/nvme0n1 -s 100 --dry-run',
    'factory-precaching-cli partition -d /dev/disk/by-path/pci-0000:01:00.0-nvme-1 -s 250GiB --mount /mnt',
    'factory-precaching-cli partition -d /dev/sda -s 100 --wipe --confirm S3YZNB0K',
  ],
} as const satisfies Command;

export const download = {
  name: 'download',
  summary: 'stage a release and additional images into a folder',
  description: `Reads what the release consists of from the release image itself, fetches every blob once, checks it, and writes the
staging folder: pool, images, lists, mapping.txt and the passport precache.json. A second run downloads nothing.`,
  flags: {
    folder: { kind: 'string', short: 'f', value: 'folder', description: 'staging folder', required: true },
    release: {
      kind: 'string',
      short: 'r',
      value: 'version',
      description: 'OpenShift release, such as 4.14.7',
    },
    releaseImage: {
      kind: 'string',
      value: 'reference',
      description: 'release image to stage, instead of the official one of --release',
    },
    img: {
      kind: 'list',
      short: 'a',
      value: 'reference',
      description: 'additional images for the installation stage',
    },
    aiImg: {
      kind: 'list',
      short: 'i',
      value: 'reference',
      description: 'additional images for the discovery stage',
    },
    filter: {
      kind: 'string',
      value: 'regex',
      description: 'leave out images whose component name or reference matches (RE2 syntax)',
    },
    platform: {
      kind: 'string',
      value: 'os/arch',
      description: 'platform taken from a manifest list',
      default: 'linux/amd64',
    },
    format: {
      kind: 'string',
      value: 'format',
      description: 'pool: each blob once; archive: one .tgz an image, for the scripts of the Go tool',
      choices: formats,
      default: 'pool',
    },
    parallel: {
      kind: 'integer',
      short: 'p',
      value: 'number',
      description: 'blobs fetched at a time',
      default: 16,
    },
    rmStale: {
      kind: 'boolean',
      short: 's',
      description: 'remove what an earlier run staged and this one does not need',
    },
    authfile: { kind: 'string', value: 'file', description: 'registry credentials (containers-auth.json)' },
    certDir: {
      kind: 'string',
      value: 'directory',
      description: 'CA and client certificates (*.crt, *.cert, *.key)',
    },
    dryRun: { kind: 'boolean', description: 'show what would be fetched and removed; write nothing' },
    noMountCheck: { kind: 'boolean', description: 'stage into a folder that is not a mount point' },
    output,
  },
  examples: [
    'factory-precaching-cli download -f /mnt -r 4.14.7',
    'factory-precaching-cli download -f /mnt --release-image registry.lab:5000/ocp/release:4.14.7-x86_64 -s',
    'factory-precaching-cli download -f /mnt -r 4.14.7 -a quay.io/lab/tool:1.2 --filter "^(aws|azure|gcp)-"',
  ],
} as const satisfies Command;

export const siteconfig = {
  name: 'siteconfig',
  summary: 'write the precaching hooks into a SiteConfig or ClusterInstance',
  description: `Adds the three fields that make GitOps ZTP boot from the staged partition: the cluster's ignitionConfigOverride, each
node's installerArgs and ignitionConfigOverride. Existing values are merged; every byte outside those fields stays.
Prints the resulting document.`,
  flags: {
    cfg: {
      kind: 'string',
      short: 'c',
      value: 'file',
      description: 'document to edit; - reads standard input',
      required: true,
    },
    label: {
      kind: 'string',
      short: 'l',
      value: 'label',
      description: 'GPT label of the partition',
      default: 'data',
    },
  },
  examples: [
    'factory-precaching-cli siteconfig -c site.yaml > site-precached.yaml',
    'cat site.yaml | factory-precaching-cli siteconfig -c - -l data',
  ],
} as const satisfies Command;

/** Every command, in the order of the help. */
export const commands = [partition, download, siteconfig] as const satisfies readonly Command[];
