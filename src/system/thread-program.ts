import { getAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { isFile } from './files.ts';

/** What a `Worker` is made with: the text of a program, or the path of its file. */
export interface ThreadProgram {
  readonly text: string;
  readonly isCode: boolean;
}

/**
 * The program of a thread, which is bundled by itself: a text in the single-file executable, else a file beside this one.
 * Undefined where the tool runs from its sources: Node.js alone loads no TypeScript.
 */
export async function threadProgram(name: string): Promise<ThreadProgram | undefined> {
  if (isSea()) return { text: getAsset(name, 'utf8'), isCode: true };
  const file = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  return (await isFile(file)) ? { text: file, isCode: false } : undefined;
}
