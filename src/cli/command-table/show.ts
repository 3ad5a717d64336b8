import { output } from '../common-flags.ts';
import type { Command } from '../flags.ts';
import { nameFlags } from './unpack.ts';

export const show = {
  name: 'show',
  summary: 'print the overrides of a SiteConfig or ClusterInstance decoded, with the order of the boot',
  description: `Prints units, drop-ins, files and installerArgs of every cluster and node as they are on the server, and the timeline of
both stages: what starts by what, which of the units that need images waits for it, and for how long at most.`,
  args: { file: { value: 'file', description: 'the document; - reads standard input', required: true } },
  flags: {
    ...nameFlags,
    brief: { kind: 'boolean', description: 'names and timeline, without contents' },
    output,
  },
  examples: [
    'factory-precaching-cli show site.yaml --brief',
    'factory-precaching-cli show site.yaml --cluster sno1 | less',
    'factory-precaching-cli show site.yaml -o json | jq ".places[].override.timeline"',
  ],
} as const satisfies Command;
