import { nodeRegistry } from '../../core/containers/node-registry.ts';
import type { Command } from '../flags.ts';

export const registryMirrors = {
  name: 'registry mirrors',
  summary: 'print the registries.conf drop-in that puts a staging folder in front',
  description: `Reads what this machine's registries.conf files say, and prints a table for each staged repository that has all of it and,
before the other mirrors, the registry that "registry serve" is for the folder. Written to
/etc/containers/registries.conf.d under a name behind all others, it counts from the next pull on.`,
  flags: {
    root: { kind: 'string', value: 'folder', description: 'staging folder', required: true },
    listen: {
      kind: 'string',
      value: 'host:port',
      description: 'where its registry listens',
      default: nodeRegistry,
    },
    dropIn: {
      kind: 'string',
      value: 'file',
      description: 'the drop-in that the result replaces: what it says now does not count',
    },
  },
  examples: [
    'factory-precaching-cli registry mirrors --root /var/mnt > /etc/containers/registries.conf.d/zz-precache.conf',
  ],
} as const satisfies Command;
