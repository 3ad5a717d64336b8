import { RE2JS, RE2JSSyntaxException } from 're2js';
import { ToolError } from '../errors.ts';
import { formatReference, type Reference } from '../oci/reference.ts';

/**
 * The `blockedImages` of an ImageSetConfiguration: expressions in RE2 syntax, each matching anywhere in a reference, as
 * in oc-mirror. Throws `invalid-document` for one that is no expression.
 */
export function compileBlocked(patterns: readonly string[]): (reference: Reference) => boolean {
  const expressions = patterns.map((pattern) => {
    try {
      return RE2JS.compile(pattern);
    } catch (cause) {
      if (!(cause instanceof RE2JSSyntaxException)) throw cause;
      const message = `blockedImages: "${pattern}" is no RE2 expression: ${cause.message}`;
      throw new ToolError('invalid-document', message, { cause });
    }
  });
  return (reference) => {
    const text = formatReference(reference);
    return expressions.some((expression) => expression.matcher(text).find());
  };
}
