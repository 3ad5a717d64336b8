import { listFiles, resolvePath } from './files.ts';

/** A file to read, and whether the user named it or a folder above it. */
export interface FoundFile {
  readonly path: string;
  readonly named: boolean;
}

/**
 * The files of paths, in their order: a file as it is, of a folder every *.yaml and *.yml below it, as `listFiles` gives
 * them; `-` is standard input. Throws `not-found`, or `failed` for what cannot be listed.
 */
export async function findYamlFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (path === '-' || !(await resolvePath(path)).directory) found.push({ path, named: true });
    else for (const file of await listFiles(path, isYamlName)) found.push({ path: file, named: false });
  }
  return found;
}

export function isYamlName(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}
