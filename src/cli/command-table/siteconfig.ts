import type { Command } from '../flags.ts';

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
