import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { lintDocuments } from '../lint/lint-source.ts';
import { applySplices } from '../splice.ts';
import { planEdits, type SitePlan } from '../site/edit-site.ts';
import { createHookSet } from '../site/hook-set.ts';
import { findPlaces, type SiteDocument } from '../site/places.ts';
import { missingNames, selectorOf } from '../site/selection.ts';
import {
  type FunctionConfig,
  functionConfigKind,
  type FunctionOptions,
  readFunctionConfig,
} from './function-config.ts';
import { readResourceList, type ResourceList } from './resource-list.ts';
import { editResultOf, type Result, resultOf } from './result.ts';
import { printResultList, writeResults } from './write-results.ts';

/** What the function answers: the list with its results, and whether it failed. */
export interface FunctionAnswer {
  readonly text: string;
  readonly results: readonly Result[];
  readonly failed: boolean;
}

/**
 * Runs the KRM function on the text of a list: gives the SiteConfigs and ClusterInstances among its items their hooks,
 * or takes them, and lints them, as its functionConfig says. Bytes outside the edited fields and the results stay. Where
 * there is an error, nothing is edited. `version`: of this program.
 */
export function applyFunction(text: string, version: string): FunctionAnswer {
  const { list, mistakes } = readResourceList(text);
  if (list === undefined) return unreadable(text, mistakes);
  const found: Diagnostic[] = [];
  const config = readFunctionConfig(list.functionConfig, found);
  if (hasError(found)) return answer(text, list, asResults(text, list, found));
  const sites = sitesOf(list, found);
  const plan = planSites(text, sites, config.options, version, found);
  found.push(...unknownNames(config, plan));
  if (sites.length === 0 && !hasError(found)) found.push(noSite(list));
  const results = asResults(text, list, found);
  if (hasError(found)) return answer(text, list, results);
  return edited(applySplices(text, plan.splices), list, config.options, plan, results);
}

/** What could not be understood at all: there is no list to give back. */
export function unreadable(text: string, mistakes: readonly Diagnostic[]): FunctionAnswer {
  const results = mistakes.map(({ id, severity, message, span, hint }): Result => {
    const tags: Record<string, string> = { rule: id };
    if (hint !== undefined) tags['hint'] = hint;
    const at = span && positionAt(text, span.start);
    const where = at === undefined ? '' : ` (line ${at.line}, column ${at.column} of the input)`;
    return { message: `${message}${where}`, severity, tags };
  });
  return { text: printResultList(results), results, failed: true };
}

function noSite({ resources }: ResourceList): Diagnostic {
  if (resources.length > 0 && resources.every(({ ref }) => ref.kind === functionConfigKind)) {
    return {
      id: 'no-site',
      severity: 'error',
      message: 'the only item is the functionConfig itself: there is nothing to edit',
      hint: 'in a kustomization, this function stands under transformers:, not under generators:',
    };
  }
  return {
    id: 'no-site',
    severity: 'warning',
    message: `no SiteConfig or ClusterInstance among ${resources.length} items: nothing is precached`,
    hint: 'a resource is one by its kind and apiVersion: SiteConfig of ran.openshift.io/v1, ClusterInstance of siteconfig.open-cluster-management.io/v1alpha1',
  };
}

function sitesOf(list: ResourceList, found: Diagnostic[]): SiteDocument[] {
  return list.resources.flatMap(({ map }) => findPlaces(list.source, found, map) ?? []);
}

function planSites(
  text: string,
  sites: readonly SiteDocument[],
  options: FunctionOptions,
  version: string,
  found: Diagnostic[],
): SitePlan {
  const { ignitionVersion: ignition, remove, indent } = options;
  const hooks = createHookSet({ ...options, ignition, version });
  return planEdits(text, sites, { hooks, remove, indent, selects: selectorOf(options) }, found);
}

function unknownNames({ options, spanOf }: FunctionConfig, { edits }: SitePlan): Diagnostic[] {
  const places = edits.map(({ place }) => place);
  return missingNames(options, places).map(({ kind, name, near }) => ({
    id: 'function-config',
    severity: 'error',
    message: `${name}: there is no ${kind} of this name among the items`,
    span: spanOf(`${kind}s`),
    hint: near === undefined ? undefined : `did you mean ${near}?`,
  }));
}

/** The answer of a run without mistakes. What comments remember (`remove`) can spoil a list, which is an error then. */
function edited(
  text: string,
  before: ResourceList,
  { remove, lint, strict }: FunctionOptions,
  { edits }: SitePlan,
  results: readonly Result[],
): FunctionAnswer {
  const { list, mistakes } = readResourceList(text);
  if (list === undefined) return unreadable(text, mistakes);
  const done = edits.flatMap(({ place, fields }) =>
    fields.map((field) => {
      const who = `${place.stage === 'discovery' ? 'cluster' : 'node'} ${place.name}`;
      return editResultOf(before, place.map, field, `${who}: ${field} ${remove ? 'cleared' : 'written'}`);
    }),
  );
  const findings = lint ? lintResults(text, list, strict) : [];
  return answer(text, list, [...findings, ...results, ...done]);
}

function lintResults(text: string, list: ResourceList, strict: boolean): Result[] {
  const mistakes: Diagnostic[] = [];
  const findings = lintDocuments(text, sitesOf(list, mistakes), mistakes);
  return findings.map(({ rule, message, span, hint }) => {
    const severity = strict && rule.severity === 'warning' ? 'error' : rule.severity;
    return resultOf(text, list, { id: rule.id, severity, message, span, hint });
  });
}

function asResults(text: string, list: ResourceList, found: readonly Diagnostic[]): Result[] {
  return found.map((diagnostic) => resultOf(text, list, diagnostic));
}

function answer(text: string, list: ResourceList, results: readonly Result[]): FunctionAnswer {
  return { text: writeResults(text, list, results), results, failed: hasError(results) };
}

function hasError(found: readonly { readonly severity: Diagnostic['severity'] }[]): boolean {
  return found.some(({ severity }) => severity === 'error');
}
