/** Numbers below a limit. */
export type Random = (limit: number) => number;

/** The same in every run (Lehmer's generator). */
export function createRandom(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

const pieces = [
  '',
  ' ',
  '\n',
  '\r',
  '\t',
  '\0',
  '\ud800',
  '\ufeff',
  ':',
  ': ',
  '- ',
  '"',
  "'",
  '|',
  '>',
  '#',
  '\\',
  '%',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!!str ',
  '<<: ',
  '? ',
  '---\n',
  '...\n',
  '__proto__: ',
  'null',
  '~',

  'ignitionConfigOverride: ',
  'installerArgs: ',
  'nodes:\n',
  '# factory-precaching-cli 1.2.3: added [00000000]\n',
];

/** A text with up to three pieces put in, taken out or replaced, anywhere. */
export function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let count = random(3); count >= 0; count -= 1) {
    const at = random(mutated.length + 1);
    const length = random(4) === 0 ? random(200) : random(3);
    const from = random(mutated.length + 1);
    const put =
      random(5) === 0 ? mutated.slice(from, from + random(80)) : (pieces[random(pieces.length)] ?? '');
    mutated = mutated.slice(0, at) + put + mutated.slice(at + length);
  }
  return mutated;
}

/** A text with a piece put in near the beginning of a line. */
export function mutateLine(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random(lines.length);
  const line = lines[at] ?? '';
  const column = random(Math.min(60, line.length + 1));
  const put = pieces[random(pieces.length)] ?? '';
  lines[at] = `${line.slice(0, column)}${put}${line.slice(column + random(3))}`;
  return lines.join('\n');
}

/** A text with a line taken out, said twice, indented otherwise, or moved with those below it. */
export function mutateLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random(lines.length);
  const kind = random(4);
  if (kind === 0) lines.splice(at, 1);
  else if (kind === 1) lines.splice(at, 0, lines[random(lines.length)] ?? '');
  else if (kind === 2) lines[at] = `${' '.repeat(random(10))}${lines[at]?.trimStart()}`;
  else lines.splice(random(lines.length), 0, ...lines.splice(at, random(6)));
  return lines.join('\n');
}
