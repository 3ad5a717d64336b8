/** How many bytes of a string are looked at one by one before the native search takes over. */
const shortString = 48;

/**
 * The offset after the closing quote of a string whose content begins at `from`, where it is near and in this chunk;
 * else 0.
 */
export function shortStringEnd(chunk: Buffer, from: number): number {
  const limit = Math.min(chunk.length, from + shortString);
  for (let at = from; at < limit; at += 1) {
    const byte = chunk[at];
    if (byte === 0x22) return at + 1;
    if (byte === 0x5c) at += 1;
    else if (byte === 0x0a) return 0;
  }
  return 0;
}

/**
 * The offset of the first quote that no backslash stands for; undefined when it is not in this chunk. Looks at some
 * bytes itself before it calls the native search, and again after each escaped quote: those come in swarms.
 */
export function closingQuote(chunk: Buffer, from: number): number | undefined {
  let at = from;
  while (at < chunk.length) {
    const limit = Math.min(chunk.length, at + shortString);
    for (; at < limit; at += 1) {
      const byte = chunk[at];
      if (byte === 0x22) return at;
      if (byte === 0x5c) at += 1;
    }
    const found = chunk.indexOf(0x22, at);
    if (found === -1) return undefined;
    if (!isEscaped(chunk, at, found)) return found;
    at = found + 1;
  }
  return undefined;
}

/** Whether the byte at an offset stands behind an odd number of backslashes; a string's bytes begin at `from`. */
export function isEscaped(chunk: Buffer, from: number, at: number): boolean {
  let first = at;
  while (first > from && chunk[first - 1] === 0x5c) first -= 1;
  return (at - first) % 2 === 1;
}

/** What stands between the quotes of a JSON string as text; as it is where it is none. */
export function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}
