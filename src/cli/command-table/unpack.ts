import type { Command } from '../flags.ts';
import { siteconfig } from './siteconfig.ts';

const { inPlace, diff, check } = siteconfig.flags;

/** Which clusters and nodes. */
export const nameFlags = {
  cluster: { kind: 'texts', value: 'name', description: 'only this cluster; repeatable' },
  node: { kind: 'texts', value: 'name', description: 'only this node and its cluster; repeatable' },
} as const;

export const unpack = {
  name: 'unpack',
  summary: 'take the overrides of a SiteConfig or ClusterInstance apart into files to read and edit',
  description: `Writes units, drop-ins, files and installerArgs of every cluster and node, decoded, into a new folder. What a plain
file cannot hold (modes, owners, the order, how contents are encoded) is in config.json beside them. pack puts it back.`,
  args: { file: { value: 'file', description: 'the document; - reads standard input', required: true } },
  flags: {
    directory: {
      kind: 'string',
      short: 'd',
      value: 'dir',
      description: 'folder to make; where it is there, it has to be empty',
      required: true,
    },
    ...nameFlags,
  },
  examples: [
    'factory-precaching-cli unpack site.yaml -d site',
    'factory-precaching-cli unpack site.yaml -d site --cluster sno1',
  ],
} as const satisfies Command;

export const pack = {
  name: 'pack',
  summary: 'put an unpacked folder back into its document',
  description: `Prints the document with what the files of the folder hold now. Fields whose files have not changed stay, byte for
byte; of the others only what has changed. The result is checked as the hub and the server at its boot would check it.`,
  args: { directory: { value: 'dir', description: 'a folder that unpack has made', required: true } },
  flags: {
    cfg: {
      kind: 'string',
      short: 'c',
      value: 'file',
      description: 'another document than the one that was unpacked; - for standard input',
    },
    inPlace: { ...inPlace, description: 'replace the document; not when a file of the folder is wrong' },
    diff,
    check: { ...check, description: 'write nothing; exit status 1 when the document would change' },
  },
  examples: [
    'factory-precaching-cli pack site --diff',
    'factory-precaching-cli pack site --in-place',
    'factory-precaching-cli pack site > site-new.yaml',
  ],
} as const satisfies Command;
