import { outputOrYaml } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const rehearse = {
  name: 'rehearse',
  summary: 'run both stages of the first boot here, without a network',
  description: `Runs the very units and scripts that the site's documents carry against the staged partition, in a root of their own with
no network: discovery, then installation. Passed means: every image is there under the name the pods ask for, nobody
asked for the network, nothing is left mounted, and no byte of the partition was written. Prints the time each stage
takes on this machine. Exit status 9 with the list of what is missing, 3 when the documents and the partition do not
fit, 8 when it cannot be rehearsed here.`,
  flags: {
    folder: {
      kind: 'string',
      short: 'f',
      value: 'folder',
      description: 'staging folder: where the partition is mounted',
      required: true,
    },
    site: {
      kind: 'string',
      value: 'file',
      description:
        'SiteConfig or ClusterInstance with the hooks (default: those that siteconfig would write)',
    },
    cluster: { kind: 'string', value: 'name', description: 'of several clusters, this one' },
    node: { kind: 'string', value: 'name', description: 'of several nodes, this one' },
    scratch: {
      kind: 'string',
      value: 'folder',
      description: 'where there is room for the unpacked images of one stage; it is empty again afterwards',
      default: '/var/tmp',
    },
    deep: {
      kind: 'boolean',
      description: 'compare the SHA-256 of the whole partition before and after, too',
    },
    output: outputOrYaml,
  },
  examples: [
    'factory-precaching-cli rehearse -f /mnt',
    'factory-precaching-cli rehearse -f /mnt --site sno1.yaml --scratch /run/media/bench',
    'factory-precaching-cli rehearse -f /mnt --site sites.yaml --cluster sno2 --node node1 -o json',
  ],
} as const satisfies Command;
