import { defaultPlatform } from '../core/oci/platform.ts';

/** Flags that several commands have, with one meaning. */
export const output = {
  kind: 'string',
  short: 'o',
  value: 'format',
  description: 'result as text or json',
  choices: ['text', 'json'],
  default: 'text',
} as const;

/** The same where a result is read by people and programs alike. */
export const outputOrYaml = {
  ...output,
  description: 'result as text, json or yaml',
  choices: ['text', 'json', 'yaml'],
} as const;

export const dryRun = { kind: 'boolean', description: 'show what would be done, change nothing' } as const;

export const authfile = {
  kind: 'string',
  value: 'file',
  description: 'registry credentials (containers-auth.json)',
} as const;

export const certDir = {
  kind: 'string',
  value: 'directory',
  description: 'CA and client certificates (*.crt, *.cert, *.key)',
} as const;

export const parallel = {
  kind: 'integer',
  short: 'p',
  value: 'number',
  description: 'requests at a time, at most; how many help is found out',
  default: 64,
} as const;

export const platform = {
  kind: 'string',
  value: 'os/arch',
  description: 'platform taken from a manifest list',
  default: defaultPlatform,
} as const;

export const sitesOnly = {
  kind: 'boolean',
  description: 'pass over named files that mention no SiteConfig or ClusterInstance, as below a directory',
} as const;
