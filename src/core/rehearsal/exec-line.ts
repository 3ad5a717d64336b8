/** A command of a unit (systemd.service(5), "Command lines"). */
export interface ExecCommand {
  readonly argv: readonly string[];
  /** Written with `-`: its failure is none of the unit's. */
  readonly mayFail: boolean;
}

/**
 * The commands of an `Exec…=` line as systemd runs them: quotes and escapes resolved, `%%` and `$$` as the characters,
 * variables from `environment`, separated by a `;` of its own. The prefixes that change credentials are passed over.
 */
export function parseExecLine(
  line: string,
  environment: ReadonlyMap<string, string>,
): readonly ExecCommand[] {
  const commands: string[][] = [[]];
  for (const word of splitWords(line)) {
    if (word === ';') commands.push([]);
    else commands.at(-1)?.push(word === '\\;' ? ';' : word);
  }
  return commands.filter((words) => words.length > 0).map((words) => commandOf(words, environment));
}

function commandOf(
  [program = '', ...words]: readonly string[],
  environment: ReadonlyMap<string, string>,
): ExecCommand {
  const prefix = /^[-@:+!|]*/.exec(program)?.[0] ?? '';
  // After `@` the first argument is only what the program is to call itself.
  const args = prefix.includes('@') ? words.slice(1) : words;
  const expand = prefix.includes(':') ? (word: string) => [word] : variablesIn(environment);
  return {
    argv: [program.slice(prefix.length), ...args.flatMap(expand)].map((word) => word.replaceAll('%%', '%')),
    mayFail: prefix.includes('-'),
  };
}

/** `${NAME}` anywhere is the value; `$NAME` as a word is the value's words. */
function variablesIn(environment: ReadonlyMap<string, string>): (word: string) => string[] {
  return (word) => {
    const whole = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1];
    if (whole !== undefined) return splitWords(environment.get(whole) ?? '');
    return [
      word.replaceAll(/\$\$|\$\{([A-Za-z_]\w*)\}/g, (_all, name: string | undefined) =>
        name === undefined ? '$' : (environment.get(name) ?? ''),
      ),
    ];
  };
}

/** Words with their quotes and C escapes resolved; an escaped `;` stays one (systemd.syntax(7), "Quoting"). */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const pattern =
    /"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|\\(?:x[0-9A-Fa-f]{2}|[\s\S])|[^\s"'\\]+|\s+|\\$/g;
  let word: string | undefined;
  for (const [piece] of text.trim().matchAll(pattern)) {
    if (/^\s/.test(piece)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + pieceText(piece);
  }
  return word === undefined ? words : [...words, word];
}

function pieceText(piece: string): string {
  const quote = /^["']/.exec(piece)?.[0];
  if (quote === undefined) return piece === '\\;' ? piece : unescaped(piece);
  const inner = piece.length > 1 && piece.endsWith(quote) ? piece.slice(1, -1) : piece.slice(1);
  return unescaped(inner);
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9A-Fa-f]{2})|([\s\S]))/g,
    (_all, hex: string | undefined, other: string) =>
      hex === undefined ? (escapes[other] ?? other) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
