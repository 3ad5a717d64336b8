import type { Command } from '../flags.ts';

export const krm = {
  name: 'krm',
  summary: 'be a KRM function: a ResourceList in, the same with its hooks out',
  description: `Reads a ResourceList (config.kubernetes.io/v1, YAML or JSON) from standard input, gives its SiteConfigs and
ClusterInstances their hooks as siteconfig does, and prints it with results. What to do stands in its functionConfig: a
SiteHooks of factory-precaching.cli/v1alpha1 or a ConfigMap. kustomize and kpt start it; docs/gitops.md has examples.
Exit status 1 when a result is an error.`,
  flags: {},
  examples: ['factory-precaching-cli krm < resource-list.yaml'],
} as const satisfies Command;
