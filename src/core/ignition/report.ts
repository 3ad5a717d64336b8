import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { offsetInString } from '../json/string-offset.ts';
import { type IgnitionRule, ignitionRules } from './rules.ts';

/** The specs that a hub takes. */
export type SpecVersion = '3.1.0' | '3.2.0';

/** More of one severity says nothing new, and a text of nothing else would take for ever to print. */
const most = 500;

/** Collects what the rules find in one config. */
export class Report {
  readonly #text: string;
  readonly #found: Diagnostic[] = [];
  readonly #counts = new Map<string, number>();
  /** The spec by which the config is read. */
  readonly version: SpecVersion;

  /** `text`: the JSON that the spans point into. */
  constructor(text: string, version: SpecVersion) {
    this.#text = text;
    this.version = version;
  }

  /** Adds a finding. Its severity is that of the rule. */
  add(rule: IgnitionRule, { start, end }: Span, message: string, hint?: string): void {
    const { severity } = ignitionRules[rule];
    const count = this.#counts.get(severity) ?? 0;
    this.#counts.set(severity, count + 1);
    if (count >= most) return;
    this.#found.push({ id: `ignition/${rule}`, severity, message, span: { start, end }, hint });
  }

  /** The place in the JSON of a part of a string's value; both in UTF-16 units. */
  within(string: Span, { start, end }: Span): Span {
    const from = offsetInString(this.#text, string.start, start);
    return { start: from, end: Math.max(from + 1, offsetInString(this.#text, string.start, end)) };
  }

  /** The text of a value as it is written. */
  written({ start, end }: Span): string {
    return this.#text.slice(start, end);
  }

  /** Everything found, in the order of the text. */
  diagnostics(): readonly Diagnostic[] {
    return this.#found.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  }
}
