import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The page that the figures are written into; the bench runs from `build/bench`. */
const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));

/** Replaces what stands between the marks of one part of the page. Throws where the page has no such marks. */
export async function writeIntoPage(part: string, text: string): Promise<void> {
  const before = await readFile(page, 'utf8');
  const [begin, end] = [`<!-- bench ${part} -->\n`, `<!-- end of ${part} -->`];
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no marks "${begin.trim()}" and "${end}"`);
  await writeFile(page, `${before.slice(0, from + begin.length)}\n${text}\n${before.slice(to)}`);
}
