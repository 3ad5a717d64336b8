import type { Served } from './tally.ts';

interface Access extends Served {
  readonly method: string;
  readonly target: string;
  readonly from: string;
  readonly seconds: number;
  readonly reason: string | undefined;
}

/** Characters of a target in the log. */
const longestShown = 256;

/** A line of the access log, JSON; `time` is RFC 3339. A target is shown where it named nothing. */
export function accessLine(time: string, access: Access): string {
  const { method, target, from, seconds, reason, reference, found, status, bytes, whole } = access;
  const line = {
    time,
    from,
    method,
    ...(reference === undefined ? { target: target.slice(0, longestShown) } : { reference }),
    ...(found === undefined ? {} : { kind: found.kind, digest: found.digest }),
    status,
    bytes,
    ...(whole ? {} : { aborted: true }),
    seconds: Number(seconds.toFixed(4)),
    ...(reason === undefined ? {} : { reason }),
  };
  return `${JSON.stringify(line)}\n`;
}
