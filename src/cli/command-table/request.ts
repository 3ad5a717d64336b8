import { platform } from '../common-flags.ts';
import type { Flags } from '../flags.ts';
import { imageSetFlags } from './image-set-flags.ts';
import { releaseFlags } from './release-flags.ts';

/** What to stage: the flags that `download` and `plan` have in common. */
export const requestFlags = {
  release: {
    kind: 'list',
    short: 'r',
    value: 'version',
    description: 'OpenShift release, such as 4.14.7',
  },
  releaseImage: {
    kind: 'list',
    value: 'reference',
    description: 'release image to stage, instead of the official one of --release',
  },
  img: {
    kind: 'list',
    short: 'a',
    value: 'reference',
    description: 'additional images for the installation stage',
  },
  aiImg: {
    kind: 'list',
    short: 'i',
    value: 'reference',
    description: 'additional images for the discovery stage',
  },
  filter: {
    kind: 'string',
    value: 'regex|file',
    description:
      'leave out images whose component name or reference matches (RE2 syntax); or a YAML file with a list "patterns"',
  },
  allowMissing: {
    kind: 'boolean',
    description: 'let --filter take what the installation needs, which the site will then pull',
  },
  platform,
  ...releaseFlags,
  ...imageSetFlags,
} as const satisfies Flags;

/** What pins tags to digests: the flags that `download` and `plan` have in common. */
export const lockFlags = {
  lock: { kind: 'string', value: 'file', description: 'write what the tags came to into this file, too' },
  locked: {
    kind: 'string',
    value: 'file',
    bare: '',
    description:
      'take the digests of this lock, and ask for no tag; without a file imageset.lock of --folder',
  },
} as const satisfies Flags;
