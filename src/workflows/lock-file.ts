import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { formatLock, parseLock } from '../core/imageset/lock.ts';
import { writeDurably } from '../pool/durable.ts';
import { readTextFile } from '../system/files.ts';
import { openPins, type Pins } from './pins.ts';
import type { Request } from './read-request.ts';

/** The lock of a staging folder, beside its lists. */
export const lockName = 'imageset.lock';

/** Which locks a run reads and writes, beside that of its folder. */
export interface LockOptions {
  /** A file to write what the tags came to. */
  readonly lock: string | undefined;
  /** The lock to keep to; empty for that of the folder. */
  readonly locked: string | undefined;
}

const largestLock = 16 * 1024 * 1024;

/** Opens the pins of a run, with the lock to keep to if there is to be one. */
export async function openLock(
  { platform, filter }: Pick<Request, 'platform' | 'filter'>,
  { locked: asked }: Pick<LockOptions, 'locked'>,
  folder: string | undefined,
): Promise<Pins> {
  if (asked === undefined) return openPins({ platform, filter, locked: undefined });
  if (asked === '' && folder === undefined) {
    throw new ToolError('usage', '--locked without a file means the lock of --folder, and there is none', {
      hint: 'name the file: --locked=imageset.lock',
    });
  }
  const path = asked === '' ? join(folder ?? '', lockName) : asked;
  const locked = parseLock({ name: path, text: await readTextFile(path, largestLock) });
  return openPins({ platform, filter, locked });
}

/** Writes what the tags of a run came to into the file that was asked for. */
export async function writeLock({ lock }: Pick<LockOptions, 'lock'>, pins: Pins): Promise<void> {
  if (lock !== undefined) await writeDurably(lock, formatLock(pins.lock()));
}
