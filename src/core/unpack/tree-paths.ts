import { dirname } from 'node:path/posix';

/**
 * The paths of one tree. A path is a promise: it lies below the root, it can be written on every common file system
 * beside all others, and it is read back as the same text.
 */
export class TreePaths {
  readonly #files = new Map<string, string>();
  readonly #folders = new Map<string, string>();

  /** Takes a file in, or tells why it cannot be one of this tree. */
  add(path: string): string | undefined {
    const problem = problemOf(path) ?? this.#conflictOf(path);
    if (problem !== undefined) return problem;
    this.#files.set(folded(path), path);
    for (const folder of foldersOf(path)) this.#folders.set(folded(folder), folder);
    return undefined;
  }

  #conflictOf(path: string): string | undefined {
    const same = this.#files.get(folded(path));
    if (same === path) return `${path} is there twice`;
    if (same !== undefined) return `${path} differs from ${same} only in the case of letters`;
    if (this.#folders.has(folded(path))) return `${path} is the folder of another file, too`;
    for (const folder of foldersOf(path)) {
      const file = this.#files.get(folded(folder));
      if (file !== undefined) return `${path} lies below ${file}, which is a file`;
      const other = this.#folders.get(folded(folder));
      if (other !== undefined && other !== folder) {
        return `${folder}/ differs from ${other}/ only in the case of letters`;
      }
    }
    return undefined;
  }
}

/** Why a name cannot be one element of a path; undefined when it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) return 'it is no name of a file';
  if (Array.from(name).some((character) => character < ' ' || character === '\u007f'))
    return 'it has a control character in it';
  if (/\p{Surrogate}/u.test(name)) return 'it is no text in UTF-8';
  return Buffer.byteLength(name) > longestName ? `it is longer than ${longestName} bytes` : undefined;
}

/** Bytes; what file systems take. */
const longestName = 255;
/** Bytes; leaves room for the folder that the tree lies in. */
const longestPath = 2048;

function problemOf(path: string): string | undefined {
  const problem = path
    .split('/')
    .map(nameProblem)
    .find((found) => found !== undefined);
  if (problem !== undefined) return `${JSON.stringify(path)} cannot be a file of the tree: ${problem}`;
  return Buffer.byteLength(path) > longestPath ? `a path is longer than ${longestPath} bytes` : undefined;
}

function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.push(folder);
  return folders;
}

function folded(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
