import { appendFile, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from '../process.ts';

/**
 * Writes an archive for the kernel: the first one and behind it another with more files, as CoreOS adds a
 * configuration to its live system.
 */
export async function concatenated(
  first: string,
  more: Readonly<Record<string, string>>,
  path: string,
): Promise<void> {
  await copyFile(first, path);
  const names = Object.keys(more);
  if (names.length === 0) return;
  const folder = `${path}.more`;
  await mkdir(folder);
  for (const [name, content] of Object.entries(more)) await writeFile(join(folder, name), content);
  const archive = await output(['cpio', '--create', '--quiet', '--format=newc'], {
    cwd: folder,
    input: names.map((name) => `${name}\n`).join(''),
  });
  await rm(folder, { recursive: true });
  await appendFile(path, archive);
}
