import { authfile, certDir, output, parallel } from '../common-flags.ts';
import type { Command } from '../flags.ts';
import { requestFlags } from './request.ts';
import { signatureFlags } from './signature.ts';

export const filterExplain = {
  name: 'filter explain',
  summary: 'say what a pattern takes away, and who will miss it',
  description: `Takes the flags of download that say what to stage. Lists each image that --filter leaves out: which stage, component or
operator will miss it, and whether download refuses the pattern for it. Reads release images and catalogs only.`,
  flags: { ...requestFlags, ...signatureFlags, parallel, authfile, certDir, output },
  examples: [
    'factory-precaching-cli filter explain -r 4.14.7 --filter "^(aws|azure|gcp)-"',
    'factory-precaching-cli filter explain -r 4.14.7 --filter "-driver$" -o json | jq ".leftOut[] | select(.required)"',
  ],
} as const satisfies Command;
