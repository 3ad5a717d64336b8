import { lstat, mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import type { Refusal } from '../core/disk/refusal.ts';
import { systemCodeOf } from '../core/errors.ts';
import { exec } from './exec.ts';

/** One line of `/proc/self/mountinfo`. */
export interface Mount {
  /** `major:minor` of the file system's device; anonymous (`0:n`) for btrfs and others. */
  readonly device: string;
  readonly mountPoint: string;
  /** `xfs`, `tmpfs`. */
  readonly fileSystem: string;
  /** Such as `/dev/nvme0n1p1`. */
  readonly source: string;
}

/** What is mounted in this mount namespace (proc(5), mountinfo). */
export async function readMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The mount whose mount point is exactly this real path, or undefined. The last one covers those before it. */
export async function mountAt(path: string): Promise<Mount | undefined> {
  return (await readMounts()).findLast(({ mountPoint }) => mountPoint === path);
}

/** See `readMounts`. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-');
    const [device, mountPoint] = [fields[2], fields[4]];
    const [fileSystem, source] = fields.slice(separator + 1);
    if (separator < 0 || device === undefined || mountPoint === undefined) return [];
    if (fileSystem === undefined || source === undefined) return [];
    return [{ device, mountPoint: unescapeOctal(mountPoint), fileSystem, source: unescapeOctal(source) }];
  });
}

/**
 * Brings the log of a mounted XFS to the state an unmount leaves: everything is in its place, and a mount without
 * recovery, as the boot units make it, sees it all even after a power cut. Does nothing for other file systems.
 */
export async function quiesce(mountPoint: string): Promise<void> {
  const mount = await mountAt(mountPoint);
  if (mount?.fileSystem !== 'xfs' || mountPoint === '/') return;
  // Both in one program, out of reach of Ctrl-C: whatever becomes of this process, nothing stays frozen.
  const script = 'fsfreeze --freeze "$0" && fsfreeze --unfreeze "$0"';
  await exec(['sh', '-c', script, mountPoint], { detached: true });
}

/** The devices and files swapped to (proc(5), swaps). */
export async function readSwaps(): Promise<string[]> {
  const text = await readFile('/proc/swaps', 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s/, 1))
    .filter((path) => path !== '')
    .map(unescapeOctal);
}

/** Blanks and backslashes are octal in these files: `\040`. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Why nothing can be mounted on a directory: it is none, it holds files that would be hidden, or it is in use. */
export async function mountPointRefusals(directory: string): Promise<Refusal[]> {
  try {
    const path = await realpath(directory);
    if (!(await lstat(path)).isDirectory()) return refusal(`${directory} is no directory`, choose);
    const mount = await mountAt(path);
    if (mount !== undefined) {
      return refusal(
        `${mount.source} is mounted on ${directory} already`,
        `umount ${directory}, or ${choose}`,
      );
    }
    if ((await readdir(path)).length > 0) {
      return refusal(`${directory} holds files, which a mount would hide`, choose);
    }
    return [];
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    return refusal(`${directory} cannot be a mount point: ${String(systemCodeOf(error) ?? error)}`, choose);
  }
}

const choose = 'give --mount an empty directory, or one that does not exist yet';

function refusal(message: string, remedy: string): Refusal[] {
  return [{ id: 'mount-point', message, remedy }];
}

/** Makes the directory where it is missing. */
export async function makeMountPoint(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}
