import type { Flags } from '../flags.ts';

/** Where releases come from, and what of RHCOS comes with them: more flags of `download` and `plan`. */
export const releaseFlags = {
  channel: {
    kind: 'string',
    value: 'channel',
    description:
      'of the update graph, such as stable-4.14: its newest release, or that of --release if it is in it',
  },
  graphUrl: {
    kind: 'string',
    value: 'url',
    description: 'update service to ask for releases, instead of the public one',
  },
  arch: {
    kind: 'string',
    value: 'architecture',
    description: 'instead of that of --platform: x86_64, aarch64, amd64, arm64, ppc64le, s390x',
  },
  rhcos: {
    kind: 'list',
    value: 'files',
    description: 'stage files of RHCOS that the release names: rootfs, iso, kernel, initramfs',
  },
  rootfsUrl: {
    kind: 'string',
    short: 'u',
    value: 'url',
    description: 'stage this file of RHCOS, such as the rootfs of the live system',
  },
  rootfsSha256: {
    kind: 'string',
    value: 'hex',
    description: 'what the file of --rootfs-url has to be; one that the release names need not be given',
  },
} as const satisfies Flags;
