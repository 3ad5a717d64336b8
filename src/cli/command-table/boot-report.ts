import { outputOrYaml } from '../common-flags.ts';
import type { Command } from '../flags.ts';

export const bootReport = {
  name: 'boot-report',
  summary: 'show what servers loaded from their partitions when they booted',
  description: `Reads the reports that the boot scripts leave in /run/precache (report-ai.json, report-ocp.json), of one server or of
many: what was loaded, what is missing and why, which images took longest. Exit status 9 when an image is missing
anywhere, 3 when a file is no report; docs/boot-files.md has the fields.`,
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
