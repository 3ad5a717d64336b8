import { ToolError } from '../core/errors.ts';
import { applyFunction, type FunctionAnswer, unreadable } from '../core/krm/apply-function.ts';

/**
 * Runs the KRM function on standard input. Input that cannot be read is a result, too: who starts a function looks for
 * what went wrong there. `version`: of this program.
 */
export async function runFunction(
  readInput: () => Promise<string>,
  version: string,
): Promise<FunctionAnswer> {
  try {
    return applyFunction(await readInput(), version);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const { code: id, message, hint } = error;
    return unreadable('', [{ id, severity: 'error', message, hint }]);
  }
}
