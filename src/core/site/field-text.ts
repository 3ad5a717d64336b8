import { isAlias, isScalar, type Node, type Scalar } from 'yaml';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Field, Lookup } from './lookup.ts';
import { type ScalarStyle, scalarOffsets } from './scalar-offsets.ts';

/** The text a field holds, and where in the document a span of that text is written. */
export interface FieldText {
  readonly text: string;
  readonly style: ScalarStyle;
  readonly locate: (span: Span) => Span;
}

/** The text of a field; undefined when it is missing, null or blank. A value that is no string is a mistake. */
export function fieldText(
  document: string,
  lookup: Lookup,
  name: string,
  field: Field | undefined,
  mistakes: Diagnostic[],
): FieldText | undefined {
  const node = lookup.resolve(field?.value);
  if (node === null || (isScalar(node) && node.value === null)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  if (!isScalar(node) || typeof node.value !== 'string') {
    const message = `${name} is a string that holds JSON`;
    mistakes.push({
      id: 'field-type',
      severity: 'error',
      message,
      span: { start, end },
      hint: quoteHint(node),
    });
    return undefined;
  }
  return textOfScalar(document, { start, end }, node.value, styleOf(node));
}

/** The text of a field whose value is a string, written at a span of a document; undefined when it is blank. */
export function textOfScalar(
  document: string,
  { start, end }: Span,
  value: string,
  style: ScalarStyle,
): FieldText | undefined {
  if (value.trim() === '') return undefined;
  let offsets: readonly number[] | undefined;
  const locate = (span: Span): Span => {
    offsets ??= scalarOffsets(document.slice(start, end), value, style);
    const from = offsets[Math.min(span.start, value.length)] ?? 0;
    const to = offsets[Math.min(span.end, value.length)] ?? from;
    return { start: start + from, end: start + Math.max(to, from + 1) };
  };
  return { text: value, style, locate };
}

/** The same diagnostics with their spans in the document. */
export function locateAll(text: FieldText, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.map((diagnostic) =>
    diagnostic.span === undefined ? diagnostic : { ...diagnostic, span: text.locate(diagnostic.span) },
  );
}

function quoteHint(node: Node): string | undefined {
  return isAlias(node) || isScalar(node)
    ? undefined
    : "put the JSON between apostrophes, or into a block: '|'";
}

function styleOf(scalar: Scalar): ScalarStyle {
  switch (scalar.type) {
    case 'BLOCK_LITERAL':
    case 'BLOCK_FOLDED':
      return 'block';
    case 'QUOTE_SINGLE':
      return 'single';
    case 'QUOTE_DOUBLE':
      return 'double';
    default:
      return 'plain';
  }
}
