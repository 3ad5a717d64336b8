import { ToolError } from '../core/errors.ts';
import type { ImageSetLock } from '../core/imageset/lock.ts';
import type { Digest } from '../core/oci/digest.ts';
import { formatPlatform, type Platform } from '../core/oci/platform.ts';
import { formatReference, type Reference } from '../core/oci/reference.ts';

/** What a run may not decide anew, and what it decided: the lock that is read, and the one to be written. */
export interface Pins {
  /** The reference to ask for instead: by digest where the lock has the tag. Throws when there is a lock without it. */
  readonly pinned: (reference: Reference) => Reference;
  /** Keeps what a tag came to. */
  readonly keep: (reference: Reference, digest: Digest) => void;
  /** What something that was left open comes to: by the lock, else by `decide`, and that is kept. */
  readonly resolve: (asked: string, decide: () => Promise<string>) => Promise<string>;
  /** Throws, naming all of them, when there is a lock and some of these are not in it. */
  readonly require: (references: readonly Reference[]) => void;
  /** All that was decided so far. */
  readonly lock: () => ImageSetLock;
}

interface PinsOptions {
  readonly platform: Platform;
  readonly filter: string | undefined;
  /** The lock to keep to. */
  readonly locked: ImageSetLock | undefined;
}

/** Throws `invalid-document` when the lock is one of another platform or filter. */
export function openPins({ platform, filter, locked }: PinsOptions): Pins {
  const name = formatPlatform(platform);
  if (locked !== undefined) {
    requireSame('--platform', locked.platform, name);
    requireSame('--filter', locked.filter, filter);
  }
  const references: Record<string, Digest> = {};
  const resolved: Record<string, string> = {};
  const digestOf = (reference: Reference): Digest | undefined =>
    locked?.references[formatReference(reference)];
  const isOpen = (reference: Reference): boolean =>
    locked !== undefined && reference.digest === undefined && digestOf(reference) === undefined;
  return {
    pinned: (reference) => {
      if (isOpen(reference)) throw notLocked([reference]);
      const digest = reference.digest === undefined ? digestOf(reference) : undefined;
      const { registry, repository } = reference;
      return digest === undefined ? reference : { registry, repository, digest };
    },
    keep: (reference, digest) => {
      if (reference.digest === undefined) references[formatReference(reference)] = digest;
    },
    resolve: async (asked, decide) => {
      const known = locked?.resolved[asked];
      if (locked !== undefined && known === undefined) throw notInLock(asked);
      const answer = known ?? (await decide());
      resolved[asked] = answer;
      return answer;
    },
    require: (all) => {
      const open = all.filter(isOpen);
      if (open.length > 0) throw notLocked(open);
    },
    lock: () => ({
      schemaVersion: 1,
      platform: name,
      ...(filter === undefined ? {} : { filter }),
      resolved,
      references,
    }),
  };
}

const resolveAnew = 'it was made for another request: run without --locked to resolve anew';

function notLocked(references: readonly Reference[]): ToolError {
  return notInLock([...new Set(references.map(formatReference))].toSorted().join(', '));
}

function notInLock(what: string): ToolError {
  return new ToolError('invalid-document', `the lock has nothing for ${what}`, { hint: resolveAnew });
}

function requireSame(flag: string, locked: string | undefined, asked: string | undefined): void {
  if (locked === asked) return;
  const words = (value: string | undefined): string =>
    value === undefined ? `no ${flag}` : `${flag} ${value}`;
  throw new ToolError(
    'invalid-document',
    `the lock was made with ${words(locked)}, this run has ${words(asked)}`,
    {
      hint: resolveAnew,
    },
  );
}
