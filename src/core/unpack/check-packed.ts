import { checkHubLimits } from '../lint/hub-limits.ts';
import { checkInstallerArgs } from '../lint/installer-args.ts';
import { wholeText } from '../lint/located-text.ts';
import { type Finding, reportTo } from '../lint/rule.ts';
import { type ClusterView, viewSite } from '../lint/site-view.ts';
import { parseJson } from '../json/tree.ts';
import { argumentsIn } from './argument-lines.ts';
import type { TreeMistake } from './override-tree.ts';
import type { SitePlace } from './site-fields.ts';
import { argumentsName, configName } from './tree-manifest.ts';

/** Finds what the hub refuses of a changed document, in the fields of places for which `isChanged`. */
export function checkLimits(
  document: string,
  places: readonly SitePlace[],
  isChanged: (folder: string) => boolean,
): TreeMistake[] {
  const sites = new Set(places.map(({ document: site }) => site));
  return [...sites].flatMap((site) => {
    const own = places.filter((place) => place.document === site);
    const folderOf = new Map(own.map(({ place, folder }) => [place.map, folder]));
    const views = viewSite(document, site, []);
    return views.flatMap((cluster) =>
      [cluster, ...cluster.nodes]
        .filter(({ map }) => isChanged(folderOf.get(map) ?? ''))
        .flatMap(({ map }) => {
          const findings: Finding[] = [];
          checkHubLimits(wholeText(document), only(cluster, map), reportTo(findings));
          return findings.flatMap((finding) => told(`${folderOf.get(map)}/${configName}`, finding));
        }),
    );
  });
}

/** The view of one place of a cluster, so that what is found is of it. */
function only(cluster: ClusterView, map: ClusterView['map']): ClusterView {
  if (cluster.map === map) return { ...cluster, nodes: [] };
  const nodes = cluster.nodes.filter((node) => node.map === map);
  return { ...cluster, override: undefined, args: undefined, nodes };
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
