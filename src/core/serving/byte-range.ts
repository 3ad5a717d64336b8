/** The bytes of a blob that a request asks for; `partial` answers 206. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
  readonly partial: boolean;
}

/**
 * Reads a `Range` header (RFC 9110, 14.2). Several ranges, other units and what is no range at all are passed over, as
 * the RFC allows: the whole is sent. Undefined when the range cannot be satisfied, which is 416.
 */
export function selectRange(header: string | undefined, size: number): ByteRange | undefined {
  const whole = { start: 0, length: size, partial: false };
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null) return whole;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return whole;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? undefined : { start: size - length, length, partial: true };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return whole;
  if (start >= size) return undefined;
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return { start, length: end - start + 1, partial: true };
}
