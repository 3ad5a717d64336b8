import { RE2JS, RE2JSSyntaxException } from 're2js';
import { ToolError } from '../errors.ts';

/**
 * The pattern of `--filter`, in RE2 syntax as in the Go tool: linear in the text, no look-around. Matches anywhere in
 * a text. Throws `usage` with what is wrong. No pattern matches nothing.
 */
export function compileFilter(pattern: string | undefined): (text: string) => boolean {
  if (pattern === undefined || pattern === '') return () => false;
  try {
    const expression = RE2JS.compile(pattern);
    return (text) => expression.matcher(text).find();
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new ToolError('usage', `--filter "${pattern}" is no RE2 expression: ${error.message}`, {
      cause: error,
    });
  }
}
