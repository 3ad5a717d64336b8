import { setTimeout as wait } from 'node:timers/promises';
import { readText } from './block-device.ts';
import { exec } from './exec.ts';

/** /proc and sysfs count in these whatever the sectors of the disk are. */
const sectorBytes = 512;

/**
 * How many bytes of a block device (`major:minor`) were written or discarded since it is there, as the kernel counts
 * them; a flush of the disk's own cache writes none. Undefined where it does not count.
 */
export async function bytesWrittenOf(device: string): Promise<number | undefined> {
  const at = `/sys/dev/block/${device}`;
  const counted = (await readText(`${at}/queue/iostats`)) ?? (await readText(`${at}/../queue/iostats`));
  const fields = (await readText(`${at}/stat`))?.split(/\s+/).map(Number);
  if (fields === undefined || counted === '0') return undefined;
  // Documentation/block/stat.rst: the seventh is of writes, the fourteenth of discards.
  return ((fields[6] ?? 0) + (fields[13] ?? 0)) * sectorBytes;
}

const pause = 200;
const mostPauses = 25;

/** The same once it stands still: what a file system had yet to write is written then. Waits five seconds at most. */
export async function settledBytesWrittenOf(device: string): Promise<number | undefined> {
  let before = await bytesWrittenOf(device);
  for (let count = 0; count < mostPauses; count += 1) {
    await wait(pause);
    const now = await bytesWrittenOf(device);
    if (now === before) break;
    before = now;
  }
  return before;
}

/** The SHA-256 of everything on a block device, read from the device itself and not from memory. */
export async function hashDevice(path: string, signal: AbortSignal): Promise<string> {
  const script = 'set -o pipefail; dd if="$0" iflag=direct bs=4M status=none | sha256sum';
  const { stdout } = await exec(['bash', '-c', script, path], { signal });
  return stdout.split(' ', 1)[0] ?? '';
}
