import { authfile, certDir, output, platform } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const registryPing = {
  name: 'registry ping',
  summary: 'try whether images could be pulled, and tell how',
  description: `Goes the way that a download would go for each image, through mirrors, proxies, certificates and credentials, and
says of each place what it found and where that comes from. Fetches the manifest and the first byte of a blob, changes
nothing, and shows no secret.`,
  args: {
    references: { value: 'reference', description: 'images to try', required: true, variadic: true },
  },
  flags: { platform, authfile, certDir, output },
  examples: [
    'factory-precaching-cli registry ping quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64',
    'factory-precaching-cli registry ping --authfile pull-secret.json registry.redhat.io/ubi9:latest -o json',
  ],
} as const satisfies Command;
