import type { Span } from '../diagnostics/diagnostic.ts';
import { UnitReader, type UnitSection } from './unit-reader.ts';

/** The sections of a unit, up to the mistake, if there is one. Spans are UTF-16 offsets in its text. */
export interface UnitReading {
  readonly sections: readonly UnitSection[];
  readonly mistake?: { readonly message: string; readonly span: Span };
}

/**
 * Parses a systemd unit or drop-in as Ignition does (go-systemd, unit `Deserialize`), whose verdict is stricter than
 * systemd's: a comment cannot stand between continued lines, every other line has its `=`, and a line of 2,048 bytes
 * is too long.
 */
export function parseUnit(text: string): UnitReading {
  const tooLong = hasLongLine(text) ? lineTooLong(text) : undefined;
  const { sections, mistake } = new UnitReader(text).read();
  return tooLong === undefined || (mistake !== undefined && mistake.span.start < tooLong.span.start)
    ? { sections, ...(mistake === undefined ? {} : { mistake }) }
    : { sections, mistake: tooLong };
}

/** Whether a line may have 2,048 bytes: a UTF-16 unit has at most three. */
function hasLongLine(text: string): boolean {
  for (let from = 0; from + 683 <= text.length; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    if (to - from >= 683) return true;
    from = to + 1;
  }
  return false;
}

/** The Go reader looks at bytes, and only at those it has read ahead. */
function lineTooLong(text: string): UnitReading['mistake'] {
  const bytes = Buffer.from(text, 'utf8');
  const { mistake } = new UnitReader(bytes.toString('latin1'), true).read();
  if (mistake === undefined || !mistake.tooLong) return undefined;
  const start = bytes.subarray(0, mistake.span.start).toString('utf8').length;
  return { message: mistake.message, span: { start, end: Math.min(start + 1, text.length) } };
}
