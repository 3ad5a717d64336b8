import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { findPlaces, type SiteDocument } from '../site/places.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';
import { checkHubLimits } from './hub-limits.ts';
import { checkInstallerArgs } from './installer-args.ts';
import { checkLabels } from './labels.ts';
import type { LocatedText } from './located-text.ts';
import { wholeText } from './located-text.ts';
import { checkOrdering } from './ordering.ts';
import { checkOverride } from './override-rules.ts';
import { type Finding, type Report, reportTo } from './rule.ts';
import { checkScripts } from './script-rules.ts';
import { type ClusterView, viewSite } from './site-view.ts';
import { checkStaged, type Staged } from './staged.ts';
import { checkFieldNames, reportMistakes } from './structure.ts';
import { checkUnits } from './unit-rules.ts';

/** What a stream holds that `lint` looks at, and what it found, by place. */
export interface LintResult {
  /** SiteConfigs and ClusterInstances; documents of other kinds are passed over. */
  readonly documents: number;
  readonly findings: readonly Finding[];
}

/** Checks every SiteConfig and ClusterInstance of a YAML stream. Never throws for what the text holds. */
export function lintSource(text: string, staged?: Staged): LintResult {
  const { documents, mistakes: unreadable } = parseYamlStream(text);
  const mistakes: Diagnostic[] = [...unreadable];
  // The places of what is no YAML are none to rely on.
  const readable = unreadable.length === 0 ? documents : [];
  const sites = readable.flatMap((parsed) => findPlaces(parsed, mistakes) ?? []);
  return { documents: sites.length, findings: lintDocuments(text, sites, mistakes, staged) };
}

/** Checks sites of one text. `mistakes` are those that finding them brought up. */
export function lintDocuments(
  text: string,
  sites: readonly SiteDocument[],
  mistakes: readonly Diagnostic[],
  staged?: Staged,
): Finding[] {
  const findings: Finding[] = [];
  const report = reportTo(findings);
  const document = wholeText(text);
  const all = [...mistakes];
  for (const site of sites) {
    for (const cluster of viewSite(text, site, all)) checkCluster(document, cluster, staged, report);
  }
  reportMistakes(document, all, report);
  return inOrder(findings);
}

function checkCluster(
  document: LocatedText,
  cluster: ClusterView,
  staged: Staged | undefined,
  report: Report,
): void {
  checkFieldNames(document, cluster, report);
  checkHubLimits(document, cluster, report);
  for (const place of [cluster, ...cluster.nodes]) {
    checkOverride(place, report);
    if (place.stage === 'installation' && place.args !== undefined) checkInstallerArgs(place.args, report);
    checkUnits(place, report);
    checkOrdering(place, report);
    checkScripts(place, report);
  }
  checkLabels(document, cluster, staged && { label: staged.passport.disk?.label }, report);
  if (staged !== undefined) checkStaged(document, cluster, staged, report);
}

/** By place; what several aliases repeat is told once. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings
    .filter(({ rule, span, message }) => {
      const key = `${span.start} ${span.end} ${rule.id} ${message}`;
      return !seen.has(key) && seen.add(key);
    })
    .toSorted((a, b) => a.span.start - b.span.start || (a.rule.id < b.rule.id ? -1 : 1));
}
