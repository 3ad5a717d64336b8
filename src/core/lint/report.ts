import type { Diagnostic, Severity, Source, Span } from '../diagnostics/diagnostic.ts';
import type { Splice } from '../splice.ts';
import type { LintResult } from './lint-source.ts';
import type { Finding } from './rule.ts';

/** What was found in one file. */
export interface FileReport {
  /** As the user gave it, or found below what the user gave; `<stdin>`. */
  readonly name: string;
  /** SiteConfigs and ClusterInstances in it. */
  readonly documents: number;
  readonly findings: readonly PlacedFinding[];
  /** Findings beyond those that are listed. */
  readonly omitted: number;
  /** Findings that `--fix` mended. */
  readonly fixed: number;
}

/** Columns count UTF-16 units; everything is 1-based, ends are exclusive. */
export interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A finding for people and programs, without the document it was made from. */
export interface PlacedFinding extends Region {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | undefined;
  readonly fix: readonly { readonly region: Region; readonly text: string }[] | undefined;
  /** The line with carets under the place. */
  readonly excerpt: string;
}

/** What is worth a person's time in one file. */
const mostFindings = 500;

/** Findings with lines and columns. `render` makes the excerpt of a diagnostic (`renderDiagnostic`). */
export function reportOf(
  source: Source,
  { documents, findings }: LintResult,
  fixed: number,
  strict: boolean,
  render: (source: Source, diagnostic: Diagnostic) => string,
): FileReport {
  const listed = findings.slice(0, mostFindings);
  const regionOf = listed.length === 0 ? () => origin : regions(source.text);
  const place = ({ rule, message, span, hint, fix }: Finding): PlacedFinding => {
    const severity = strict && rule.severity === 'warning' ? 'error' : rule.severity;
    const { id } = rule;
    const placed = fix?.map((splice: Splice) => ({ region: regionOf(splice), text: splice.text }));
    const excerpt = render(source, { id, severity, message, hint, span });
    return { rule: id, severity, message, hint, ...regionOf(span), fix: placed, excerpt };
  };
  const omitted = findings.length - listed.length;
  return { name: source.name, documents, findings: listed.map(place), omitted, fixed };
}

const origin: Region = { line: 1, column: 1, endLine: 1, endColumn: 1 };

function regions(text: string): (span: Span) => Region {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const positionOf = (offset: number): { line: number; column: number } => {
    const end = Math.min(offset, text.length);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= end) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: end - (starts[low] ?? 0) + 1 };
  };
  return ({ start, end }) => {
    const first = positionOf(start);
    const last = positionOf(end);
    return { ...first, endLine: last.line, endColumn: last.column };
  };
}

/** How many findings of each severity there are, listed or not. */
export function countOf(reports: readonly FileReport[]): Readonly<Record<Severity, number>> {
  const all = reports.flatMap(({ findings }) => findings);
  const count = (severity: Severity): number => all.filter((finding) => finding.severity === severity).length;
  return { error: count('error'), warning: count('warning'), info: count('info') };
}
