import type { HookSet } from './hook-set.ts';
import { mergeInstallerArgs } from './installer-args.ts';
import { type PlainMap, readPlainly } from './plain-reader.ts';

/**
 * Whether it is plain to see that every site of a text has its hooks, so that editing it would change nothing. False
 * says nothing: the text may be in a style that only a parser understands.
 */
export function isUpToDate(text: string, hooks: HookSet): boolean {
  const documents = readPlainly(text);
  if (documents === undefined) return false;
  const sites = documents.map(({ maps }) => sitePaths(maps));
  return (
    sites.some((paths) => paths !== undefined) &&
    documents.every(({ maps }, index) => {
      const paths = sites[index];
      return paths === undefined ? !mentionsSite(maps) : hasHooks(maps, paths, hooks);
    })
  );
}

const clusterPaths: Readonly<Record<string, string>> = {
  'SiteConfig ran.openshift.io/v1': '/spec/clusters[]',
  'ClusterInstance siteconfig.open-cluster-management.io/v1alpha1': '/spec',
};

/** Where the clusters of a document are, if it is a site. */
function sitePaths([root]: readonly PlainMap[]): string | undefined {
  return clusterPaths[`${root?.scalars.get('kind')?.value} ${root?.scalars.get('apiVersion')?.value}`];
}

function mentionsSite([root]: readonly PlainMap[]): boolean {
  const kind = root?.scalars.get('kind')?.value;
  return kind === 'SiteConfig' || kind === 'ClusterInstance';
}

function override({ scalars }: PlainMap): string | undefined {
  return scalars.get('ignitionConfigOverride')?.value;
}

function hasHooks(maps: readonly PlainMap[], clusterPath: string, hooks: HookSet): boolean {
  const clusters = maps.filter(({ path }) => path === clusterPath);
  const nodes = maps.filter(({ path }) => path === `${clusterPath}/nodes[]`);
  const merged = (map: PlainMap, stage: 'discovery' | 'installation'): boolean => {
    const text = override(map);
    return text !== undefined && hooks.merge(stage, text).text === text;
  };
  const saved = ({ scalars, parent, ...map }: PlainMap): boolean => {
    const args = scalars.get('installerArgs')?.value;
    const texts = [
      override({ scalars, parent, ...map }),
      parent === undefined ? undefined : override(parent),
    ];
    const former = texts.map((text) => (text === undefined ? undefined : hooks.labelOf(text))).find(Boolean);
    return args !== undefined && mergeInstallerArgs(args, hooks.settings.label, former).text === args;
  };
  return (
    clusters.length > 0 &&
    clusters.every(
      (cluster) => merged(cluster, 'discovery') && nodes.some(({ parent }) => parent === cluster),
    ) &&
    nodes.every((node) => merged(node, 'installation') && saved(node))
  );
}
