import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { LocatedText } from './located-text.ts';
import type { Report, Rule } from './rule.ts';
import type { ClusterView, PlaceView } from './site-view.ts';

const yaml = 'YAML 1.2.2';
const siteConfig =
  'cnf-features-deploy ztp/siteconfig-generator/siteConfig; stolostron/siteconfig api/v1alpha1';

const syntax: Rule = {
  id: 'site/yaml',
  severity: 'error',
  summary: 'not YAML',
  hint: 'mend it where the message points',
  source: yaml,
};
const bomb: Rule = {
  id: 'site/bomb',
  severity: 'error',
  summary: 'too large, too deep or multiplied by aliases: no document of a site',
  hint: 'a site has some kilobytes, and some ten levels',
  source: 'billion laughs; parsers that recurse end with their stack',
};
const alias: Rule = {
  id: 'site/alias',
  severity: 'error',
  summary: 'an alias without its anchor, or one that multiplies the document',
  hint: 'put the anchor before the alias, in the same document',
  source: yaml,
};
const structure: Rule = {
  id: 'site/structure',
  severity: 'error',
  summary: 'a SiteConfig or ClusterInstance that is none: no spec, clusters or nodes, or of another version',
  hint: 'SiteConfig of ran.openshift.io/v1, ClusterInstance of siteconfig.open-cluster-management.io/v1alpha1',
  source: siteConfig,
};
const fieldType: Rule = {
  id: 'site/field-type',
  severity: 'error',
  summary: 'a field that holds JSON is no string',
  hint: "put the JSON between apostrophes, or into a block: '|'",
  source: siteConfig,
};
const misspelt: Rule = {
  id: 'site/misspelt-field',
  severity: 'error',
  summary: 'a field whose name is nearly one of those for precaching: nothing reads it',
  hint: 'the names are ignitionConfigOverride and installerArgs',
  source: siteConfig,
};
const misplaced: Rule = {
  id: 'site/misplaced-field',
  severity: 'error',
  summary: 'installerArgs of a cluster: only nodes have it, nothing reads it here',
  hint: 'move it to the nodes',
  source: siteConfig,
};

export const structureRules: readonly Rule[] = [
  syntax,
  bomb,
  alias,
  structure,
  fieldType,
  misspelt,
  misplaced,
];

const rulesOfMistakes: Readonly<Record<string, Rule>> = {
  'yaml-syntax': syntax,
  'yaml-encoding': syntax,
  'yaml-size': bomb,
  'yaml-depth': bomb,
  'yaml-alias': alias,
  'field-type': fieldType,
};

/** Reports what the readers of YAML and of sites found. */
export function reportMistakes(document: LocatedText, mistakes: readonly Diagnostic[], report: Report): void {
  for (const { id, message, span = { start: 0, end: 1 } } of mistakes) {
    report(rulesOfMistakes[id] ?? structure, document, { message, span });
  }
}

const names = ['ignitionConfigOverride', 'installerArgs'] as const;

/** Checks the names of fields that hold hooks. */
export function checkFieldNames(document: LocatedText, cluster: ClusterView, report: Report): void {
  for (const place of [cluster, ...cluster.nodes]) checkPlace(document, place, report);
}

function checkPlace(document: LocatedText, { keys, name, stage }: PlaceView, report: Report): void {
  for (const { name: key, span } of keys) {
    if (key === 'installerArgs' && stage === 'discovery') {
      report(misplaced, document, {
        message: `installerArgs of the cluster ${name}: only nodes have it`,
        span,
      });
    }
    const near = names.find((known) => known !== key && isNear(key, known));
    if (near === undefined || keys.some((other) => other.name === near)) continue;
    report(misspelt, document, { message: `${key}: nothing reads this; is ${near} meant?`, span });
  }
}

/** At most two letters away behind the first, upper and lower case alike. */
function isNear(name: string, known: string): boolean {
  if (!/^i/i.test(name) || Math.abs(name.length - known.length) > 2) return false;
  return distance(name.toLowerCase(), known.toLowerCase()) <= 2;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
