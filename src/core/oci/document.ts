import * as v from 'valibot';
import { offsetOfDepth } from '../json/depth.ts';

/** More layers or entries, and more levels of brackets, than any manifest has: limits against what is made to hurt. */
const mostEntries = 1024;
const deepest = 100;

/** The schema of a list in a manifest. It counts the entries before it looks at them. */
export const listOf = <S extends v.GenericSchema>(item: S) =>
  v.pipe(v.array(v.unknown()), v.maxLength(mostEntries, `more than ${mostEntries} entries`), v.array(item));

/** Reads JSON that a registry served; `refuse` makes the error. */
export function readJson(bytes: Uint8Array, refuse: (reason: string) => never): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('is not JSON');
  }
  // The node's parser refuses deep nesting, or ends with its stack.
  if (offsetOfDepth(text, deepest + 1) !== undefined) return refuse('is nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    return refuse('is not JSON');
  }
}

/** The first thing a schema found wrong, and where. */
export function issueOf([issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  return `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`;
}
