import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { layoutOf, printJson, printJsonLine, yamlSafeJson } from '../json/layout.ts';
import { readInstallerArgs } from '../site/installer-args.ts';

/** `installerArgs` as a file of one argument a line, or every reason why there is none. */
export type ArgumentLines =
  | { readonly lines: string; readonly mistakes: readonly [] }
  | { readonly lines: undefined; readonly mistakes: readonly Diagnostic[] };

/** Writes each argument of an `installerArgs` on a line. Spans are offsets in its text. */
export function linesOfArguments(text: string): ArgumentLines {
  const reading = readInstallerArgs(text);
  if (reading.items === undefined) return { lines: undefined, mistakes: reading.mistakes };
  const mistakes = reading.items.flatMap((item, index): Diagnostic[] => {
    if (isLine(item)) return [];
    const message = 'this argument cannot be a line: it is empty, or has a line break or blanks around it';
    const { start, end } = reading.array?.items[index] ?? { start: 0, end: text.length };
    const hint = 'the hub refuses it';
    return [{ id: 'unpack/argument', severity: 'error', message, span: { start, end }, hint }];
  });
  if (mistakes.length > 0) return { lines: undefined, mistakes };
  return { lines: reading.items.map((item) => `${item}\n`).join(''), mistakes: [] };
}

/** A line of the file, with its place there. */
interface ArgumentLine extends Span {
  readonly value: string;
}

/** The arguments of a file. Blank lines say nothing, blanks around an argument neither. */
export function argumentsIn(lines: string): ArgumentLine[] {
  return [...lines.matchAll(/[^\s][^\n]*/g)].map(({ 0: line, index }) => {
    const value = line.trimEnd();
    return { value, start: index, end: index + value.length };
  });
}

/** The JSON of arguments, in the layout of the former text where that is JSON. */
export function argumentsText(items: readonly string[], former: string | undefined): string {
  const reading = former === undefined ? undefined : readInstallerArgs(former);
  if (former === undefined || reading?.items === undefined || reading.array === undefined) {
    return printJsonLine(items);
  }
  const { array } = reading;
  const written = former.slice(array.start, array.end);
  const text = written.includes('\n') ? printJson(items, layoutOf(former, array).step) : printJsonLine(items);
  return yamlSafeJson(former.slice(0, array.start) + text + former.slice(array.end));
}

function isLine(item: string): boolean {
  return item !== '' && item.trim() === item && !/[\r\n]|\p{Surrogate}/u.test(item);
}
