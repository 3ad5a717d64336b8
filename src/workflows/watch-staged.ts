import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emit } from '../core/events.ts';
import { hashDevice, settledBytesWrittenOf, bytesWrittenOf } from '../system/device-writes.ts';
import { mountAt } from '../system/mount.ts';

/** Whether what is staged is byte for byte what it was. */
export interface UnchangedReport {
  readonly proven: boolean;
  /**
   * `count`: the kernel counted no byte written to the partition, by anybody; `hash`: all its bytes have the same SHA-256;
   * `files`: of a plain folder, names, sizes, times and inodes are the same.
   */
  readonly by: 'count' | 'hash' | 'files';
  /** Of the partition, in the meantime, as the kernel counts; null where it does not count, or of a folder. */
  readonly bytesWritten: number | null;
}

/** Remembers the state of what is staged. The answer compares it with the state at that time. */
export async function watchStaged(
  folder: string,
  partition: { readonly device: string } | null,
  { deep, signal, emit }: { readonly deep: boolean; readonly signal: AbortSignal; readonly emit: Emit },
): Promise<() => Promise<UnchangedReport>> {
  const mount = partition === null ? undefined : await mountAt(folder);
  if (partition === null || mount === undefined) {
    const before = await listing(folder);
    return async () => ({ proven: (await listing(folder)) === before, by: 'files', bytesWritten: null });
  }
  const hash = async (when: string): Promise<string | undefined> => {
    if (!deep) return undefined;
    emit({ type: 'step', text: `Reading all of ${partition.device} ${when} the rehearsal` });
    return await hashDevice(partition.device, signal);
  };
  const before = await settledBytesWrittenOf(mount.device);
  const hashBefore = await hash('before');
  return async () => {
    const now = await bytesWrittenOf(mount.device);
    const bytesWritten = before === undefined || now === undefined ? null : now - before;
    if (!deep) return { proven: bytesWritten === 0, by: 'count', bytesWritten };
    return { proven: (await hash('after')) === hashBefore, by: 'hash', bytesWritten };
  };
}

/** Names, sizes, times and inodes of everything below a folder. */
async function listing(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true });
  const lines: string[] = [];
  for (const entry of entries.toSorted()) {
    const { ino, mode, size, mtimeNs, ctimeNs } = await lstat(join(folder, entry), { bigint: true });
    lines.push([entry, ino, mode, size, mtimeNs, ctimeNs].join(' '));
  }
  return lines.join('\n');
}
