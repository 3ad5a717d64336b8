import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { checkIgnition } from '../ignition/check.ts';
import { looksOctal } from '../ignition/check-storage.ts';
import { ignitionRules } from '../ignition/rules.ts';
import { type JsonObject, memberOf } from '../json/tree.ts';
import type { Splice } from '../splice.ts';
import type { Report, Rule } from './rule.ts';
import type { OverrideView } from './site-view.ts';

/** A mode in octal digits is let pass by the hub, and makes a script of root that everyone may write. */
const harsher: Readonly<Record<string, 'error'>> = { 'mode-octal': 'error' };
const mended: Readonly<Record<string, NonNullable<Rule['fixable']>>> = {
  'mode-octal': 'always',
  'mode-range': 'sometimes',
  'version-missing': 'sometimes',
  'version-invalid': 'sometimes',
  'version-refused': 'sometimes',
};

/** The rules of `checkIgnition`. */
export const ignitionFamily: readonly Rule[] = Object.entries(ignitionRules).map(
  ([name, { severity, summary, source }]) => ({
    id: `ignition/${name}`,
    severity: harsher[name] ?? severity,
    summary,
    source: /^(?:config|docs|internal)\//.test(source) ? `ignition ${source}` : source,
    ...(mended[name] && { fixable: mended[name] }),
  }),
);

const byId: ReadonlyMap<string, Rule> = new Map(ignitionFamily.map((rule) => [rule.id, rule]));

/** Reports what `checkIgnition` finds in an override, with fixes for modes and versions. */
export function checkConfig({ text, root, object, mistakes }: OverrideView, report: Report): void {
  const found =
    root === undefined
      ? mistakes.map((mistake) => ({ ...mistake, id: 'ignition/json' }))
      : checkIgnition({ text: text.text, ...(object && { root: object }) });
  for (const diagnostic of found) {
    const rule = byId.get(diagnostic.id);
    if (rule === undefined) throw new Error(`no rule ${diagnostic.id}`);
    const { message, hint, span = { start: 0, end: 1 } } = diagnostic;
    const fix = object && fixOf(text.text, object, diagnostic);
    report(rule, text, { message, hint, span, ...(fix && { fix }) });
  }
}

/** Versions of which 3.1.0 or 3.2.0 takes everything, and what people write for those. */
const equivalents: ReadonlyMap<string, string> = new Map([
  ['"3"', '3.1.0'],
  ['"3.0"', '3.1.0'],
  ['"3.0.0"', '3.1.0'],
  ['"3.1"', '3.1.0'],
  ['"v3.1.0"', '3.1.0'],
  ['"3.2"', '3.2.0'],
  ['"v3.2.0"', '3.2.0'],
]);

function fixOf(text: string, object: JsonObject, { id, span }: Diagnostic): Splice[] | undefined {
  if (span === undefined) return undefined;
  const written = text.slice(span.start, span.end);
  switch (id) {
    case 'ignition/mode-octal':
    case 'ignition/mode-range':
      if (!/^\d+$/.test(written) || !looksOctal(Number(written))) return undefined;
      return [{ ...span, text: String(Number.parseInt(written, 8)) }];
    case 'ignition/version-missing':
      return insertVersion(text, object);
    case 'ignition/version-invalid':
    case 'ignition/version-refused': {
      const version = equivalents.get(written);
      return version === undefined ? undefined : [{ ...span, text: `"${version}"` }];
    }
    default:
      return undefined;
  }
}

/**
 * Only where nothing stands for it: of a null nobody knows what it was to be. On the line of the brace, because not every
 * YAML scalar can take another line.
 */
function insertVersion(text: string, object: JsonObject): Splice[] | undefined {
  const ignition = memberOf(object, 'ignition');
  const version = '"version": "3.1.0"';
  if (ignition === undefined) return [insertFirst(text, object, `"ignition": {${version}}`)];
  if (ignition.type !== 'object' || memberOf(ignition, 'version') !== undefined) return undefined;
  return [insertFirst(text, ignition, version)];
}

function insertFirst(text: string, object: JsonObject, member: string): Splice {
  const at = object.start + 1;
  const comma = object.items.length === 0 ? '' : ',';
  const space = comma === '' || /\s/.test(text[at] ?? '') ? '' : ' ';
  return { start: at, end: at, text: `${member}${comma}${space}` };
}
