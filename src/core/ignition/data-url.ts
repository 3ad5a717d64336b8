/** What RFC 2397 readers, Ignition's among them, take as it is after the comma; `'` is left out (see `printJson`). */
const literal = /[^A-Za-z0-9\-_.~!$&()*+,/:;=?@]/gu;

/** A `data:` URL of a text, percent-encoded, so that a changed script shows as a changed word and not as noise. */
export function encodeDataUrl(text: string): string {
  return `data:,${text.replace(literal, (character) =>
    [...new TextEncoder().encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )}`;
}
