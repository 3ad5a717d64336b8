import type { Span } from '../diagnostics/diagnostic.ts';

/** A line of a shell script that is neither blank nor a comment; its span leaves out the white space around. */
export interface ScriptLine extends Span {
  /** From `start` on, without the white space behind; of a line that no person wrote, the beginning. */
  readonly code: string;
}

/** Expressions look at every line; their time must not grow with the square of a file. */
const longestLine = 2000;

/** The lines of a script that do something. Here documents count as lines too. */
export function codeLines(script: string): ScriptLine[] {
  const lines: ScriptLine[] = [];
  let at = 0;
  for (const line of script.split('\n')) {
    const code = line.trim();
    const indent = line.length - line.trimStart().length;
    if (code !== '' && !code.startsWith('#')) {
      lines.push({ code: code.slice(0, longestLine), start: at + indent, end: at + indent + code.length });
    }
    at += line.length + 1;
  }
  return lines;
}

/** A place where a variable is read. */
export interface VariableUse extends Span {
  readonly name: string;
}

/**
 * Variables in lower case that a loop reads before it sets them, where nothing before the loop did. Of a script with
 * functions nobody can tell line by line what runs first: none.
 */
export function staleVariables(lines: readonly ScriptLine[]): VariableUse[] {
  if (lines.some(({ code }) => /^(?:function\s+\w+|\w+\s*\(\))/.test(code))) return [];
  const firstSet = new Map<string, number>();
  lines.forEach(({ code }, index) => {
    for (const name of namesSet(code)) if (!firstSet.has(name)) firstSet.set(name, index);
  });
  const found: VariableUse[] = [];
  const told = new Set<string>();
  for (const { from, to } of loopsOf(lines)) {
    for (let index = from + 1; index < to; index += 1) {
      for (const use of usesIn(lines[index])) {
        const set = firstSet.get(use.name);
        if (set === undefined || set <= index || set >= to || told.has(use.name)) continue;
        told.add(use.name);
        found.push(use);
      }
    }
  }
  return found;
}

/** A use of the variable of another loop, in a loop that has its own. */
export interface LeakedUse extends VariableUse {
  readonly own: string;
}

/** Where a `for` loop works with the variable of an other one, and with its own only to tell people. */
export function leakedVariables(lines: readonly ScriptLine[]): LeakedUse[] {
  const loops = loopsOf(lines).filter(({ variable }) => variable !== undefined);
  return loops.flatMap((loop) => {
    const { from, to, variable: own = '' } = loop;
    const body = lines.slice(from + 1, to).filter(({ code }) => !/^(?:echo|printf)\b/.test(code));
    const uses = body.flatMap(usesIn);
    const set = new Set(body.flatMap(({ code }) => namesSet(code)));
    const others = loops
      .filter((other) => other.to < from || other.from > to)
      .map(({ variable }) => variable);
    if (uses.some(({ name }) => name === own)) return [];
    const leaked = uses.find(({ name }) => others.includes(name) && !set.has(name) && name !== own);
    return leaked === undefined ? [] : [{ ...leaked, own }];
  });
}

interface Loop {
  /** Indices of the line that opens it and of its `done`. */
  readonly from: number;
  readonly to: number;
  readonly variable: string | undefined;
}

function loopsOf(lines: readonly ScriptLine[]): Loop[] {
  const open: { from: number; variable: string | undefined }[] = [];
  const loops: Loop[] = [];
  lines.forEach(({ code }, index) => {
    const start = /^(?:for\s+(\w+)\s+in|while|until|for\s*\(\()/.exec(code);
    if (start !== null && !/;\s*done\b/.test(code)) open.push({ from: index, variable: start[1] });
    if (!/^done\b/.test(code)) return;
    const loop = open.pop();
    if (loop !== undefined) loops.push({ ...loop, to: index });
  });
  return loops;
}

function namesSet(code: string): string[] {
  const assigned = [...code.matchAll(/(?:^|[;&|(\s])(\w+)(?:\[[^\]]*\])?\+?=/g)].map(
    (match) => match[1] ?? '',
  );
  const looped = /^for\s+(\w+)\s+in/.exec(code)?.[1];
  const read = /\bread\s+(?:-\w+\s+)*([\w ]+)/.exec(code)?.[1]?.trim().split(/\s+/) ?? [];
  const local = /^(?:local|declare)\s+(?:-\w+\s+)*([\w ]+)/.exec(code)?.[1]?.trim().split(/\s+/) ?? [];
  return [...assigned, ...(looped === undefined ? [] : [looped]), ...read, ...local];
}

function usesIn(line: ScriptLine | undefined): VariableUse[] {
  if (line === undefined) return [];
  return [...line.code.matchAll(/\$(?:([a-z]\w*)|\{([a-z]\w*)\})/g)].map((match) => {
    const start = line.start + match.index;
    return { name: match[1] ?? match[2] ?? '', start, end: start + match[0].length };
  });
}
