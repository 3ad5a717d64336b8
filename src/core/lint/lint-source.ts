import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { SiteDocument } from '../site/places.ts';
import { checkHubLimits } from './hub-limits.ts';
import { checkInstallerArgs } from './installer-args.ts';
import { checkLabels } from './labels.ts';
import { type LocatedText, wholeText } from './located-text.ts';
import { inPlace, type JudgeOverride, judgeOverrides } from './overrides.ts';
import { type Finding, reportTo } from './rule.ts';
import { readSites, type SiteFields } from './read-sites.ts';
import { type ClusterView, viewCluster } from './site-view.ts';
import { checkStaged, type Staged } from './staged.ts';
import { checkFieldNames, reportMistakes } from './structure.ts';
import { clustersOf } from './yaml-site.ts';

/** What a stream holds that `lint` looks at, and what it found, by place. */
export interface LintResult {
  /** SiteConfigs and ClusterInstances; documents of other kinds are passed over. */
  readonly documents: number;
  readonly findings: readonly Finding[];
}

/**
 * Checks every SiteConfig and ClusterInstance of a YAML stream. Never throws for what the text holds. `overrides`, kept
 * from one text to the next, spares reading again what thousands of sites have alike.
 */
export function lintSource(text: string, staged?: Staged, overrides = judgeOverrides()): LintResult {
  const fields = readSites(text);
  return { documents: fields.sites.length, findings: lintFields(text, fields, staged, overrides) };
}

/** Checks sites of one text. `mistakes` are those that finding them brought up. */
export function lintDocuments(
  text: string,
  documents: readonly SiteDocument[],
  mistakes: readonly Diagnostic[],
): readonly Finding[] {
  const all = [...mistakes];
  const sites = documents.map((site) => clustersOf(text, site, all));
  return lintFields(text, { sites, mistakes: all }, undefined, judgeOverrides());
}

function lintFields(
  text: string,
  { sites, mistakes }: SiteFields,
  staged: Staged | undefined,
  overrides: JudgeOverride,
): Finding[] {
  const findings: Finding[] = [];
  const document = wholeText(text);
  for (const fields of sites.flat()) checkCluster(document, viewCluster(fields, overrides), staged, findings);
  reportMistakes(document, mistakes, reportTo(findings));
  return inOrder(findings);
}

/** Checks one cluster of a stream, `text`. */
export function lintCluster(text: string, cluster: ClusterView, staged: Staged): readonly Finding[] {
  const findings: Finding[] = [];
  checkCluster(wholeText(text), cluster, staged, findings);
  return inOrder(findings);
}

function checkCluster(
  document: LocatedText,
  cluster: ClusterView,
  staged: Staged | undefined,
  findings: Finding[],
): void {
  const report = reportTo(findings);
  checkFieldNames(document, cluster, report);
  checkHubLimits(document, cluster, report);
  for (const { stage, override, args } of [cluster, ...cluster.nodes]) {
    if (override !== undefined)
      findings.push(...override.findings(stage).map((finding) => inPlace(override.text, finding)));
    if (stage === 'installation' && args !== undefined) checkInstallerArgs(args, report);
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
