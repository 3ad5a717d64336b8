import { formats } from '../../core/staging/formats.ts';
import { authfile, certDir, output, parallel } from '../common-flags.ts';
import type { Command } from '../flags.ts';
import { lockFlags, requestFlags } from './request.ts';
import { signatureFlags } from './signature.ts';

export const download = {
  name: 'download',
  summary: 'stage a release and additional images into a folder',
  description: `Reads what the release consists of from the release image itself, fetches every blob once, checks it, and writes the
staging folder: pool, images, lists, mapping.txt and the passport precache.json. A second run downloads nothing.`,
  flags: {
    folder: { kind: 'string', short: 'f', value: 'folder', description: 'staging folder', required: true },
    ...requestFlags,
    generateImageset: {
      kind: 'boolean',
      description:
        'write imageset.yaml into --folder and stop: it can be edited, and taken with --skip-imageset',
    },
    ...lockFlags,
    ...signatureFlags,
    format: {
      kind: 'string',
      value: 'format',
      description:
        'pool: each blob once; archive: one .tgz an image, for the scripts of the Go tool; storage: a ready container storage',
      choices: formats,
      default: 'pool',
    },
    keepBlobs: {
      kind: 'boolean',
      description:
        'with --format storage: keep in the pool what the storage has, for the pool to stand in for it',
    },
    nodeRegistry: {
      kind: 'string',
      value: 'file',
      bare: '',
      description:
        'stage an executable that serves the images on the installed node: this program itself, or the file (siteconfig --node-registry runs it)',
    },
    parallel,
    limitRate: {
      kind: 'rate',
      value: 'rate',
      description: 'bytes per second for the whole run, such as 20M (default: no limit)',
    },
    maxTime: {
      kind: 'duration',
      value: 'time',
      description: 'end after this time, such as 45m; what is finished is kept (default: no limit)',
    },
    rmStale: {
      kind: 'boolean',
      short: 's',
      description: 'remove what an earlier run staged and this one does not need',
    },
    base: {
      kind: 'list',
      value: 'folder',
      description: 'take blobs from another staging folder or an OCI layout before the network is asked',
    },
    signatures: {
      kind: 'boolean',
      description: 'stage what is attached to the images too: signatures, attestations, SBOMs',
    },
    foreignLayers: {
      kind: 'list',
      value: 'host',
      description: 'fetch layers that a registry may not hand out from these hosts',
    },
    authfile,
    certDir,
    dryRun: { kind: 'boolean', description: 'show what would be fetched and removed; write nothing' },
    noMountCheck: { kind: 'boolean', description: 'stage into a folder that is not a mount point' },
    output,
  },
  examples: [
    'factory-precaching-cli download -f /mnt -r 4.14.7',
    'factory-precaching-cli download -f /mnt --release-image registry.lab:5000/ocp/release:4.14.7-x86_64 -s',
    'factory-precaching-cli download -f /mnt -r 4.14.7 --acm-version 2.9.1 --mce-version 2.4.2 --du-profile -s',
    'factory-precaching-cli download -f /mnt -r 4.14.7 --node-registry',
    'factory-precaching-cli download -f /mnt --imageset imageset.yaml',
    'factory-precaching-cli download -f /mnt -r 4.14.7 -a quay.io/lab/tool:1.2 --filter "^(aws|azure|gcp)-"',
  ],
} as const satisfies Command;
