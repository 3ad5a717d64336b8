import type { Span } from '../diagnostics/diagnostic.ts';
import type { JsonScalar } from '../json/node.ts';
import type { FieldText } from '../site/field-text.ts';
import { type ScalarStyle, scalarOffsets } from '../site/scalar-offsets.ts';
import type { Splice } from '../splice.ts';

/** A text that is written somewhere inside a document, as it reads once unwrapped. */
export interface LocatedText {
  readonly text: string;
  /** Where in the document a span of the text is written. */
  readonly locate: (span: Span) => Span;
  /** The same edit in the document. */
  readonly rewrite: (splice: Splice) => Splice;
  /** The place of an offset in words, where the document does not show it. */
  readonly describe?: (offset: number) => string;
}

/** The document itself. */
export function wholeText(text: string): LocatedText {
  return { text, locate: (span) => span, rewrite: (splice) => splice };
}

/** A text that is located inside of another one, inside of what that is located in. */
export function within(outer: LocatedText, inner: LocatedText): LocatedText {
  return {
    ...inner,
    locate: (span) => outer.locate(inner.locate(span)),
    rewrite: (splice) => outer.rewrite(inner.rewrite(splice)),
  };
}

/** The value of a YAML scalar. */
export function textOfField(field: FieldText): LocatedText {
  return {
    text: field.text,
    locate: field.locate,
    rewrite: (splice) => {
      const { start, end } = field.locate(splice);
      const text = quotedAs(field.style, splice.text);
      // A span always has something under its caret; an insertion has not.
      return { start, end: splice.start === splice.end ? start : end, text };
    },
  };
}

/** The value of a JSON string. */
export function textOfString(parent: LocatedText, node: JsonScalar, value: string): LocatedText {
  const written = () => parent.text.slice(node.start, node.end);
  return unwrapped(parent, node.start, value, () => scalarOffsets(written(), value, 'double'));
}

/** A text whose unit N is written at `start` + offsets[N] of `parent`; the last offset is the end. */
export function unwrapped(
  parent: LocatedText,
  start: number,
  text: string,
  offsets: () => readonly number[],
): LocatedText {
  let known: readonly number[] | undefined;
  const outer = (span: Span): Span => {
    known ??= offsets();
    const from = known[Math.min(span.start, text.length)] ?? 0;
    const to = known[Math.min(span.end, text.length)] ?? from;
    return { start: start + from, end: start + Math.max(from, to) };
  };
  return {
    text,
    locate: (span) => parent.locate(outer(span)),
    rewrite: (splice) => parent.rewrite({ ...outer(splice), text: splice.text }),
    ...(parent.describe === undefined ? {} : { describe: parent.describe }),
  };
}

function quotedAs(style: ScalarStyle, text: string): string {
  if (style === 'single') return text.replaceAll("'", "''");
  return style === 'double' ? text.replace(/["\\]/g, '\\$&') : text;
}
