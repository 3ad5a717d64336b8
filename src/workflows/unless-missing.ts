import { ToolError } from '../core/errors.ts';

/** What an answer gives, or undefined where there is nothing of that name. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ToolError && error.code === 'not-found') return undefined;
    throw error;
  }
}
