import { type ErrorCode, ToolError } from '../errors.ts';

/** Where in a text, 0-based UTF-16 offsets; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Severity = 'error' | 'warning' | 'info';

/**
 * A user's mistake in a document, with its place. Collected, all at once, instead of thrown at the first.
 * `id` is stable and names the rule; `span` points into the source text the diagnostic was made from.
 */
export interface Diagnostic {
  readonly id: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span?: Span | undefined;
  readonly hint?: string | undefined;
}

/** A document with its name as the user gave it (`-` becomes `<stdin>`), for excerpts. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** One or more mistakes in one document, or things it asks for that are not there (`not-found`). The reporter prints each with its excerpt. */
export class DocumentError extends ToolError {
  readonly source: Source;
  readonly diagnostics: readonly Diagnostic[];

  constructor(source: Source, diagnostics: readonly Diagnostic[], code: ErrorCode = 'invalid-document') {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super(code, `${source.name}: ${count} ${count === 1 ? 'mistake' : 'mistakes'}, nothing was changed`);
    this.name = 'DocumentError';
    this.source = source;
    this.diagnostics = diagnostics;
  }
}
