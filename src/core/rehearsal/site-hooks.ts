import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { ToolError } from '../errors.ts';
import { lintCluster } from '../lint/lint-source.ts';
import type { ClusterView, OverrideView, PlaceView } from '../lint/site-view.ts';
import { viewCluster } from '../lint/site-view.ts';
import { judgeOverrides } from '../lint/overrides.ts';
import { readSites } from '../lint/read-sites.ts';
import type { Staged } from '../lint/staged.ts';
import { nearest } from '../text/nearest.ts';

/** The overrides of one node's two stages. */
export interface SiteHooks {
  readonly cluster: string;
  readonly node: string;
  readonly discovery: OverrideView;
  readonly installation: OverrideView;
  /** What works by luck, or under conditions. */
  readonly warnings: readonly Diagnostic[];
}

/** Which node of a site; each may be left out where there is one. */
export interface NodeChoice {
  readonly cluster: string | undefined;
  readonly node: string | undefined;
}

/**
 * Reads the overrides of a node out of a SiteConfig or ClusterInstance. Throws a DocumentError with everything that the
 * hub, the installer or the boot would take amiss (the rules of `lint`), among it hooks for another partition or another
 * release than is staged; `usage` for a name that is not there, or that is needed.
 */
export function siteHooks(source: Source, choice: NodeChoice, staged: Staged): SiteHooks {
  const { sites, mistakes } = readSites(source.text);
  const found: Diagnostic[] = [...mistakes];
  const judge = judgeOverrides();
  const clusters = sites.flat().map((cluster) => viewCluster(cluster, judge));
  if (found.length === 0 && clusters.length === 0) {
    found.push({ id: 'no-site', severity: 'error', message: 'no SiteConfig or ClusterInstance in it' });
  }
  if (found.length > 0) throw new DocumentError(source, found);
  const cluster = chosenCluster(clusters, choice);
  const node = chosen('node', cluster.nodes, choice.node);
  const findings = diagnosticsOf(source.text, { ...cluster, nodes: [node] }, staged);
  const errors = [...findings, ...missingHooks(cluster), ...missingHooks(node)].filter(
    ({ severity }) => severity === 'error',
  );
  const [discovery, installation] = [cluster.override?.view, node.override?.view];
  if (errors.length > 0 || discovery === undefined || installation === undefined) {
    throw new DocumentError(source, errors);
  }
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  return { cluster: cluster.name, node: node.name, discovery, installation, warnings };
}

function chosenCluster(clusters: readonly ClusterView[], { cluster, node }: NodeChoice): ClusterView {
  if (cluster !== undefined || node === undefined) return chosen('cluster', clusters, cluster);
  const having = clusters.filter(({ nodes }) => nodes.some(({ name }) => name === node));
  return chosen('cluster', having.length === 1 ? having : clusters, undefined);
}

function chosen<P extends PlaceView>(
  kind: 'cluster' | 'node',
  places: readonly P[],
  wanted: string | undefined,
): P {
  const names = places.map(({ name }) => name);
  const found = wanted === undefined ? places : places.filter(({ name }) => name === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (wanted === undefined || found.length > 1) {
    throw new ToolError('usage', `there are ${found.length} ${kind}s: ${names.slice(0, 10).join(', ')}`, {
      hint: wanted === undefined ? `say which one: --${kind} ${names[0] ?? 'NAME'}` : undefined,
    });
  }
  const near = nearest(wanted, new Set(names));
  throw new ToolError('usage', `--${kind} ${wanted}: there is no ${kind} of this name`, {
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  });
}

function diagnosticsOf(text: string, cluster: ClusterView, staged: Staged): Diagnostic[] {
  return lintCluster(text, cluster, staged).map(({ rule, message, span, hint }) => ({
    id: rule.id,
    severity: rule.severity,
    message,
    span,
    hint,
  }));
}

function missingHooks({ name, head, stage, override }: PlaceView): Diagnostic[] {
  if (override !== undefined && override.view.loaders.length > 0) return [];
  const message = `${name} loads no images in the ${stage} stage`;
  const hint = 'factory-precaching-cli siteconfig writes the hooks';
  return [{ id: 'boot/missing-hooks', severity: 'error', message, span: head, hint }];
}
