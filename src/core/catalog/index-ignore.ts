import { RE2JS } from 're2js';

/** A pattern of an `.indexignore` file. */
export interface IgnorePattern {
  /** The folder of the file, from the catalog's root, with a trailing slash; empty for the root. */
  readonly folder: string;
  readonly negated: boolean;
  /** Of a path below the folder; undefined for a pattern that fits nothing. */
  readonly expression: RE2JS | undefined;
  readonly onlyFolders: boolean;
}

/** Reads the patterns of an `.indexignore` file that lies in a folder: gitignore's (gitignore(5)). */
export function parseIndexIgnore(text: string, folder: string): IgnorePattern[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => parsePattern(line, folder));
}

/**
 * Whether a file is left out of a catalog. The last pattern that fits decides; `patterns` come by file, those of outer
 * folders first. What lies in a folder that is left out cannot be taken in again.
 */
export function isIgnored(path: string, patterns: readonly IgnorePattern[]): boolean {
  const parts = path.split('/');
  return parts.some((_part, index) => {
    const isFolder = index < parts.length - 1;
    const subject = parts.slice(0, index + 1).join('/');
    const last = patterns.findLast(
      ({ folder, expression, onlyFolders }) =>
        subject.startsWith(folder) &&
        (isFolder || !onlyFolders) &&
        expression?.matches(subject.slice(folder.length)) === true,
    );
    return last !== undefined && !last.negated;
  });
}

function parsePattern(line: string, folder: string): IgnorePattern {
  const negated = line.startsWith('!');
  const written = negated ? line.slice(1) : line;
  const onlyFolders = written.endsWith('/');
  const pattern = onlyFolders ? written.slice(0, -1) : written;
  const anchored = pattern.includes('/');
  const body = pattern.replace(/^\//, '').split('/').map(segment).join('/');
  const source = body
    .replace(/^\*\*\//, '(?:.*/)?')
    .replaceAll('/**/', '/(?:.*/)?')
    .replace(/\/\*\*$/, '/.+');
  return {
    folder,
    negated,
    onlyFolders,
    expression: compile(`${anchored ? '' : '(?:.*/)?'}${source}`),
  };
}

/** Linear in the path, whatever the pattern. A malformed class fits nothing, as in git. */
function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

/** One part of a pattern as the source of an expression; `**` stays, its neighbours say what it means. */
function segment(text: string): string {
  if (text === '**') return text;
  let source = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[' && text.indexOf(']', at + 2) !== -1) {
      const end = text.indexOf(']', at + 2);
      source += `[${text
        .slice(at + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')}]`;
      at = end;
    } else if (character === '\\') {
      at += 1;
      source += literal(text[at] ?? '\\');
    } else source += literal(character);
  }
  return source;
}

function literal(character: string): string {
  return /[A-Za-z0-9_]/.test(character) ? character : RE2JS.quote(character);
}
