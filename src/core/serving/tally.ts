import type { Digest } from '../oci/digest.ts';
import type { RegistryReport } from './registry-report.ts';

/** A request and what became of it. */
export interface Served {
  /** What was asked for, as the passport names it: `quay.io/a:v1`, `quay.io/a@sha256:…`; undefined for anything else. */
  readonly reference: string | undefined;
  /** What was found for it. */
  readonly found: { readonly kind: 'manifest' | 'blob'; readonly digest: Digest } | undefined;
  readonly status: number;
  readonly bytes: number;
  readonly whole: boolean;
}

/** A content that the passport names and the disk does not have as it should. */
export interface Fault {
  readonly digest: Digest;
  readonly state: 'missing' | 'corrupt' | 'unreadable';
  readonly reason: string;
}

/** What a report says of the requests themselves. */
type Counts = Pick<
  RegistryReport,
  'requests' | 'refused' | 'aborted' | 'bytes' | 'references' | 'blobs' | 'elsewhere' | 'faults'
>;

export interface Tally {
  readonly count: (served: Served) => void;
  /** A fault is kept once; `neededBy` is the reference that led to it. */
  readonly blame: (fault: Fault, neededBy: string) => void;
  readonly counts: () => Counts;
  /** Grows with whatever is told. */
  readonly changes: () => number;
}

/** References kept of those that are not here: what a client makes up must not fill the memory. */
const mostElsewhere = 200;

/** Counts what a registry hands out. What it keeps is bounded by what the passport names. */
export function createTally(): Tally {
  const totals = { requests: 0, refused: 0, aborted: 0, bytes: 0 };
  const references = new Map<string, { digest: Digest; served: number; bytes: number }>();
  const blobs = new Map<Digest, { served: number; bytes: number; aborted: number }>();
  const elsewhere = new Map<string, number>();
  const faults = new Map<Digest, Fault & { neededBy: string }>();
  let changes = 0;

  const countFound = ({ found, reference, bytes, whole }: Served): void => {
    if (found?.kind === 'blob') {
      const { served, aborted, ...before } = blobs.get(found.digest) ?? { served: 0, aborted: 0, bytes: 0 };
      blobs.set(found.digest, {
        served: served + (whole ? 1 : 0),
        bytes: before.bytes + bytes,
        aborted: aborted + (whole ? 0 : 1),
      });
    } else if (found !== undefined && reference !== undefined) {
      const before = references.get(reference) ?? { served: 0, bytes: 0 };
      references.set(reference, {
        digest: found.digest,
        served: before.served + 1,
        bytes: before.bytes + bytes,
      });
    }
  };

  return {
    count: (served) => {
      const { reference, found, status, bytes, whole } = served;
      changes += 1;
      totals.requests += 1;
      totals.bytes += bytes;
      if (!whole) totals.aborted += 1;
      if (status < 400) {
        countFound(served);
        return;
      }
      totals.refused += 1;
      if (reference === undefined || found !== undefined) return;
      if (elsewhere.has(reference) || elsewhere.size < mostElsewhere) {
        elsewhere.set(reference, (elsewhere.get(reference) ?? 0) + 1);
      }
    },
    blame: (fault, neededBy) => {
      if (faults.has(fault.digest)) return;
      changes += 1;
      faults.set(fault.digest, { ...fault, neededBy });
    },
    counts: () => ({
      ...totals,
      references: [...references].map(([reference, counts]) => ({ reference, ...counts })),
      blobs: [...blobs].map(([digest, counts]) => ({ digest, ...counts })),
      elsewhere: [...elsewhere].map(([reference, asked]) => ({ reference, asked })),
      faults: [...faults.values()],
    }),
    changes: () => changes,
  };
}
