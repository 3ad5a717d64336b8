import { output } from '../common-flags.ts';
import type { Command } from '../flags.ts';

const folder = {
  kind: 'string',
  short: 'f',
  value: 'folder',
  description: 'staging folder',
  required: true,
} as const;

export const bundleCreate = {
  name: 'bundle create',
  summary: 'pack what a shipped server lacks into one file',
  description: `Compares the staging folder, which holds the new state, with the passport of a server that was shipped, and packs the
blobs that the server lacks, the new passport and the lists into a tar file. Every blob is hashed on its way. Prints
the path of the file.`,
  flags: {
    folder,
    for: {
      kind: 'string',
      value: 'passport',
      description: 'precache.json of the shipped server, or of all that were staged alike',
      required: true,
    },
    outputFile: { kind: 'string', short: 'o', value: 'file', description: 'file to write', required: true },
  },
  examples: [
    'factory-precaching-cli bundle create -f /mnt --for shipped/precache.json -o 4.14.7-to-4.14.8.tar',
  ],
} as const satisfies Command;

export const bundleApply = {
  name: 'bundle apply',
  summary: 'bring a staging folder to the state that a bundle describes',
  description: `Checks every blob of the bundle on its way into the pool, makes the images out of hard links, and writes lists and
passport last: until then the folder keeps its old state, whatever happens. Run again after an interruption, it goes on.
Refuses a bundle that was made for another state, and names what is missing.`,
  args: {
    bundle: { value: 'file', description: 'file of bundle create; - reads standard input', required: true },
  },
  flags: {
    folder,
    rmStale: {
      kind: 'boolean',
      short: 's',
      description: 'remove what the new state does not need any more',
    },
    output,
  },
  examples: [
    'factory-precaching-cli bundle apply -f /mnt 4.14.7-to-4.14.8.tar',
    'cat 4.14.7-to-4.14.8.tar | ssh core@server sudo factory-precaching-cli bundle apply -f /mnt -',
  ],
} as const satisfies Command;
