import { platform } from '../common-flags.ts';
import type { Flags } from '../flags.ts';
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
    value: 'regex',
    description: 'leave out images whose component name or reference matches (RE2 syntax)',
  },
  platform,
  ...releaseFlags,
} as const satisfies Flags;
