import { checkHubLimits } from '../lint/hub-limits.ts';
import { checkInstallerArgs } from '../lint/installer-args.ts';
import { wholeText } from '../lint/located-text.ts';
import { type Finding, reportTo } from '../lint/rule.ts';
import { judgeOverrides } from '../lint/overrides.ts';
import { type ClusterView, viewCluster } from '../lint/site-view.ts';
import { clustersOf } from '../lint/yaml-site.ts';
import { parseJson } from '../json/tree.ts';
import { argumentsIn } from './argument-lines.ts';
import type { TreeMistake } from './override-tree.ts';
import type { SitePlace } from './site-fields.ts';
import { argumentsName, configName } from './tree-manifest.ts';

/**
 * Finds what the hub refuses of a changed document, in the fields of places for which `isChanged`. `places` are all of
 * the document, in its order.
 */
export function checkLimits(
  document: string,
  places: readonly SitePlace[],
  isChanged: (folder: string) => boolean,
): TreeMistake[] {
  const judge = judgeOverrides();
  const sites = new Set(places.map(({ document: site }) => site));
  return [...sites].flatMap((site) => {
    const clusters = places.filter((each) => each.document === site && each.place.cluster === undefined);
    return clustersOf(document, site, []).flatMap((fields, index) => {
      const view = viewCluster(fields, judge);
      const cluster = clusters[index];
      const nodes = places.filter(
        ({ place }) => place.cluster !== undefined && place.cluster === cluster?.place,
      );
      // The view of one place at a time, so that what is found is of it.
      const views: [SitePlace | undefined, ClusterView][] = [
        [cluster, { ...view, nodes: [] }],
        ...view.nodes.map((node, at): [SitePlace | undefined, ClusterView] => [
          nodes[at],
          { ...view, override: undefined, args: undefined, nodes: [node] },
        ]),
      ];
      return views.flatMap(([at, alone]) =>
        at === undefined || !isChanged(at.folder) ? [] : limitsOf(document, alone, at.folder),
      );
    });
  });
}

function limitsOf(document: string, view: ClusterView, folder: string): TreeMistake[] {
  const findings: Finding[] = [];
  checkHubLimits(wholeText(document), view, reportTo(findings));
  return findings.flatMap((finding) => told(`${folder}/${configName}`, finding));
}

/** Finds what the hub refuses of arguments, in their file. `text`: the JSON made of its lines. */
export function checkArguments(text: string, lines: string): TreeMistake[] {
  const findings: Finding[] = [];
  const view = { text: wholeText(text), ...parseJson(text) };
  checkInstallerArgs(view, reportTo(findings));
  const items = view.root?.type === 'array' ? view.root.items : [];
  const places = argumentsIn(lines);
  return findings.flatMap((finding) => {
    const index = items.findIndex(
      ({ start, end }) => start <= finding.span.start && finding.span.start < end,
    );
    return told(argumentsName, finding, places[index]);
  });
}

function told(
  path: string,
  { rule, message, hint }: Finding,
  place?: { start: number; end: number },
): TreeMistake[] {
  const { id, severity } = rule;
  if (severity !== 'error') return [];
  const span = place && { start: place.start, end: place.end };
  return [{ path, diagnostic: { id, severity, message, hint, span } }];
}
