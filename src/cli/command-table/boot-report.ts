import { outputOrYaml } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const bootReport = {
  name: 'boot-report',
  summary: 'show what servers loaded from their partitions when they booted',
  description: `Reads the reports that the boot scripts leave in /run/precache (report-ai.json, report-ocp.json), of one server or of
many: what was loaded, what is missing and why, which images took longest; and those of registry serve --report: what
was handed out, and what of the partition is damaged. Exit status 9 when an image is missing anywhere or a partition is
damaged, 3 when a file is no report; docs/boot-files.md and docs/registry-serve.md have the fields.`,
  args: {
    files: { value: 'file', description: 'reports; - reads standard input', required: true, variadic: true },
  },
  flags: {
    output: outputOrYaml,
  },
  examples: [
    'factory-precaching-cli boot-report /run/precache/report-*.json',
    'ssh core@edge-17 cat /run/precache/report-ocp.json | factory-precaching-cli boot-report -',
    'factory-precaching-cli boot-report -o json reports/*.json | jq .totals',
  ],
} as const satisfies Command;
