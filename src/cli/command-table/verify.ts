import { authfile, certDir, output, parallel } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const verify = {
  name: 'verify',
  summary: 'read back what a staging folder holds, and repair it',
  description: `Hashes every file that the passport precache.json names, on all cores, and says for each image whether it is ok,
missing, truncated or corrupt. Lists and image folders are compared with the passport, too. Reads only, also from a
partition mounted read-only. --repair fetches the damaged blobs, and only those, and checks them again.
Exit status 6 when anything is damaged; foreign files are told and left alone.`,
  flags: {
    folder: { kind: 'string', short: 'f', value: 'folder', description: 'staging folder', required: true },
    repair: { kind: 'boolean', description: 'fetch what is damaged from where the images came from' },
    parallel,
    authfile,
    certDir,
    output,
  },
  examples: [
    'factory-precaching-cli verify -f /mnt',
    'factory-precaching-cli verify -f /mnt --repair --authfile /root/pull-secret.json',
    'factory-precaching-cli verify -f /mnt -o json | jq \'.images[] | select(.state != "ok")\'',
  ],
} as const satisfies Command;
