import type { Flags } from '../flags.ts';

/** Whom to trust: the flags that `download` and `plan` have in common. */
export const signatureFlags = {
  signatureStore: {
    kind: 'list',
    value: 'place',
    description: 'URL, folder or ConfigMap file with release signatures, instead of the public ones',
  },
  releaseKey: {
    kind: 'list',
    value: 'file',
    description: "OpenPGP public keys that sign releases, instead of Red Hat's built-in key",
  },
  trustBetaKey: { kind: 'boolean', description: "accept releases signed with Red Hat's beta key, too" },
  releaseIdentity: {
    kind: 'string',
    value: 'repository',
    description: 'repository that signatures name, instead of quay.io/openshift-release-dev/ocp-release',
  },
  verifyRelease: {
    kind: 'boolean',
    description: 'verify release images of other repositories, such as mirrors, too',
  },
  insecureSkipSignature: {
    kind: 'boolean',
    description: 'stage a release without a signature; the passport records it',
  },
  policy: {
    kind: 'string',
    value: 'file',
    description: 'containers policy.json that every image must meet',
  },
} as const satisfies Flags;
