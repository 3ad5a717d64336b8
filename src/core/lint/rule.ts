import type { Severity, Span } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import type { LocatedText } from './located-text.ts';

/** One thing that `lint` knows, as data: the table of docs/lint-rules.md and the rules of SARIF are made from it. */
export interface Rule {
  /** Family and name, `boot/ordering`. Stable. */
  readonly id: string;
  /**
   * `error`: refused by the hub, or the site does not boot from the partition as it should; `warning`: works by luck, or
   * under conditions; `info`: worth knowing.
   */
  readonly severity: Severity;
  /** What is wrong, in one line. */
  readonly summary: string;
  /** What to do, where it is the same for every finding. */
  readonly hint?: string;
  /** Where the fact comes from. */
  readonly source: string;
  /** `--fix` mends every finding, or those of some forms. */
  readonly fixable?: 'always' | 'sometimes';
}

/** A rule broken at a place. Spans and splices are offsets in the linted document. */
export interface Finding {
  readonly rule: Rule;
  readonly message: string;
  readonly span: Span;
  /** What to do, where the rule does not say it. */
  readonly hint?: string | undefined;
  /** What mends it, and changes nothing else. */
  readonly fix?: readonly Splice[];
}

/** A finding inside a text; `span` and `fix` are offsets of that text. */
export type Breach = Omit<Finding, 'rule'>;

/** Takes findings while rules are checked. */
export type Report = (rule: Rule, text: LocatedText, breach: Breach) => void;

/** A report that adds to a list, in offsets of the document. */
export function reportTo(findings: Finding[]): Report {
  return (rule, text, { message, span, hint = rule.hint, fix }) => {
    const where = text.describe?.(span.start);
    findings.push({
      rule,
      message: where === undefined ? message : `${message} (${where})`,
      span: text.locate(span),
      hint,
      ...(fix === undefined ? {} : { fix: fix.map((splice) => text.rewrite(splice)) }),
    });
  };
}
