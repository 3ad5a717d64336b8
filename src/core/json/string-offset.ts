/**
 * Where in a JSON text the UTF-16 unit with an index of a string's value is written. `start` is the offset of the
 * string's opening quote; an index past the end gives that of the closing quote.
 */
export function offsetInString(text: string, start: number, index: number): number {
  let at = start + 1;
  for (let unit = 0; unit < index && text[at] !== '"' && at < text.length; unit += 1) {
    at += text[at] !== '\\' ? 1 : text[at + 1] === 'u' ? 6 : 2;
  }
  return at;
}
