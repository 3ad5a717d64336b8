import type { Flags } from '../flags.ts';

/** Which operators to stage, and image sets and mappings in place of flags: more flags of `download` and `plan`. */
export const imageSetFlags = {
  imageset: {
    kind: 'string',
    value: 'file',
    description: 'stage what this ImageSetConfiguration says (v1alpha2, v2alpha1)',
  },
  skipImageset: {
    kind: 'boolean',
    description: 'stage what imageset.yaml of --folder says, as it is, instead of generating one',
  },
  mapping: {
    kind: 'string',
    value: 'file',
    description: 'stage what this mapping.txt of oc-mirror lists (v1, v2)',
  },
  duProfile: {
    kind: 'boolean',
    description: 'stage the operators of the telco RAN DU profile, and Advanced Cluster Management',
  },
  duOperators: {
    kind: 'string',
    value: 'file',
    description: 'operators of --du-profile, instead of the built-in list',
  },
  mceVersion: {
    kind: 'string',
    value: 'version',
    description: 'version of the multicluster engine operator of the hub, such as 2.4.2',
  },
  acmVersion: {
    kind: 'string',
    value: 'version',
    description: 'version of the Advanced Cluster Management operator of the hub, such as 2.9.1',
  },
  hubVersion: {
    kind: 'string',
    value: 'version',
    description: 'deprecated: use --acm-version and --mce-version',
    hidden: true,
  },
  catalogRedhatOperators: {
    kind: 'string',
    value: 'reference',
    description: 'catalog of the operators of Red Hat, instead of the official one of the release',
  },
  catalogCertifiedOperators: {
    kind: 'string',
    value: 'reference',
    description: 'catalog of certified operators, instead of the official one of the release',
  },
} as const satisfies Flags;
