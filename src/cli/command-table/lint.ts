import { sitesOnly } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const lint = {
  name: 'lint',
  summary: 'find in SiteConfigs and ClusterInstances what the hub refuses and what fails at boot',
  description: `Checks the three fields that make a server boot from its staged partition, with the rules of the hub, of Ignition,
systemd and coreos-installer, down into units and scripts. Of folders every *.yaml and *.yml is read; documents of
other kinds are passed over. docs/lint-rules.md has the rules. Exit status 3 when there is an error.`,
  args: {
    paths: {
      value: 'file|dir',
      description: 'what to check; - reads standard input',
      required: true,
      variadic: true,
    },
  },
  flags: {
    output: {
      kind: 'string',
      short: 'o',
      value: 'format',
      description: 'result as text, json, sarif (2.1.0) or gitlab (its code quality report)',
      choices: ['text', 'json', 'sarif', 'gitlab'],
      default: 'text',
    },
    sitesOnly,
    strict: { kind: 'boolean', description: 'take warnings for errors' },
    fix: { kind: 'boolean', description: 'mend in place what can be mended safely; tell the rest' },
    dryRun: { kind: 'boolean', description: 'with --fix: count what would be mended, change nothing' },
    passport: {
      kind: 'string',
      value: 'file',
      description: 'precache.json of the servers: check that they have what the site asks for',
    },
  },
  examples: [
    'factory-precaching-cli lint site.yaml',
    'factory-precaching-cli lint --strict -o sarif clusters/ > lint.sarif',
    'factory-precaching-cli lint --fix clusters/',
    'factory-precaching-cli lint --passport /mnt/precache.json clusters/',
  ],
} as const satisfies Command;
