import { sitesOnly } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const siteconfig = {
  name: 'siteconfig',
  summary: 'write the precaching hooks into SiteConfigs and ClusterInstances',
  description: `Adds the three fields that make GitOps ZTP boot from the staged partition: the cluster's ignitionConfigOverride, each
node's installerArgs and ignitionConfigOverride. Existing values are merged; every byte outside those fields stays, and
--remove brings the original back. Prints the resulting document; of several files, the names of those that change.`,
  args: {
    paths: { value: 'file|dir', description: 'more of what -c names', variadic: true },
  },
  flags: {
    cfg: {
      kind: 'texts',
      short: 'c',
      value: 'path',
      description:
        'file, or directory with *.yaml and *.yml, or - for standard input (the default); repeatable',
    },
    label: {
      kind: 'string',
      short: 'l',
      value: 'label',
      description: 'GPT label of the partition',
      default: 'data',
    },
    indent: {
      kind: 'integer',
      short: 'i',
      value: 'columns',
      description: 'columns of a level in new values, where the document does not tell',
      default: 2,
    },
    inPlace: { kind: 'boolean', description: 'replace the files; none when one of them is wrong' },
    diff: { kind: 'boolean', description: 'print the changes as a unified diff' },
    check: { kind: 'boolean', description: 'write nothing; exit status 1 when a file would change' },
    sitesOnly,
    remove: { kind: 'boolean', description: 'take the hooks out again' },
    cluster: { kind: 'texts', value: 'name', description: 'only this cluster; repeatable' },
    node: { kind: 'texts', value: 'name', description: 'only this node and its cluster; repeatable' },
    format: {
      kind: 'string',
      value: 'format',
      description: 'how the partition was staged',
      choices: ['pool', 'archive', 'storage'],
      default: 'pool',
    },
    reclaim: {
      kind: 'boolean',
      description: 'with --format storage: remove the pool from the partition once the cluster is installed',
    },
    nodeRegistry: {
      kind: 'string',
      value: 'file|sha256',
      description:
        'serve the partition on the installed node: the executable that download --node-registry put there, or its SHA-256',
    },
    discoveryRegistry: {
      kind: 'boolean',
      description:
        'experimental, with --node-registry: serve it in the discovery, too, by way of a read-only loop over the whole disk',
    },
    deadline: {
      kind: 'duration',
      value: 'time',
      description: 'the boot goes on after this time, loaded or not (15m in discovery, 30m in installation)',
    },
    ignitionVersion: {
      kind: 'string',
      value: 'version',
      description: 'version that the overrides say (3.1.0 in new ones)',
      choices: ['3.1.0', '3.2.0'],
    },
  },
  examples: [
    'factory-precaching-cli siteconfig -c site.yaml > site-precached.yaml',
    'factory-precaching-cli siteconfig -c sites/ --in-place -l data',
    'factory-precaching-cli siteconfig -c sites/ --check --diff',
    'factory-precaching-cli siteconfig -c site.yaml --format storage --reclaim --in-place',
    'factory-precaching-cli siteconfig -c site.yaml --node-registry dist/factory-precaching-cli --in-place',
    'factory-precaching-cli siteconfig -c site.yaml --in-place --remove',
  ],
} as const satisfies Command;
