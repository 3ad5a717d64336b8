const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const decimals: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes for people, in IEC units with at most one decimal: `0 B`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = unit === 0 ? String(value) : value.toFixed(1).replace(/\.0$/, '');
  return `${text} ${units[unit] ?? 'B'}`;
}

/**
 * A size as typed: `250GiB`, `250G`, `250GB`, `1.5TiB`, all powers of 1024 (the Go tool means GiB where it says
 * GB). A bare number counts `bareUnit`s, in bytes. Undefined when it is no size, or none that is exact in bytes.
 */
export function parseBytes(text: string, bareUnit: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const unit = /^([kmgtp]?)(i?b)?$/i.exec(suffix);
  if (unit === null) return undefined;
  const scale = suffix === '' ? bareUnit : 1024 ** (decimals[(unit[1] ?? '').toLowerCase()] ?? 0);
  const bytes = Number(digits) * scale;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Bytes per second as typed: `20M`, `1.5GiB/s` as `parseBytes` reads them, or bits as lines are sold, in powers of 1000:
 * `100Mbit`, `1Gbit/s`. Undefined when it is none.
 */
export function parseRate(text: string): number | undefined {
  const amount = text.trim().replace(/\/s$/, '');
  const bits = /^(\d+(?:\.\d+)?)\s*([kmgt]?)bit$/i.exec(amount);
  if (bits === null) return parseBytes(amount, 1);
  const [, digits = '', prefix = ''] = bits;
  return (Number(digits) * 1000 ** (decimals[prefix.toLowerCase()] ?? 0)) / 8;
}

/** A time as Go and systemd take it: `90s`, `1h30m`, `2d`; a bare number counts seconds. Undefined when it is none. */
export function parseSeconds(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((digits) => Number(digits ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** Seconds for people: `0.4 s`, `12 s`, `3 m 05 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
}

/** How long ago something was, in the largest unit that fits: `5 minutes`, `3 hours`, `1 day`. */
export function formatAge(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const [name, length] = units.find(([, each]) => seconds >= each) ?? ['second', 1];
  const count = Math.floor(seconds / length);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
