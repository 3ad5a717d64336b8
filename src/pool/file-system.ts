import { access, constants, link, mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { type FileSystem, judgeFileSystem } from '../core/staging/file-systems.ts';
import type { Format } from '../core/staging/formats.ts';
import { describeShortage, type Room, roomNeeded } from '../core/staging/room.ts';
import { diskError, onDisk } from './disk-error.ts';

/** What may still be put into the file system of a folder. */
export async function roomIn(folder: string): Promise<Room> {
  const { bavail, bsize, files, ffree } = await onDisk(folder, () => statfs(folder));
  return { bytes: bavail * bsize, files: files === 0 ? undefined : ffree };
}

/** Refuses a file system that cannot hold a staging folder, or that cannot be written to now. */
export async function requireFileSystem(folder: string, format: Format): Promise<FileSystem> {
  const fileSystem = await fileSystemOf(folder, format);
  if (fileSystem.refused !== undefined) {
    const { reason, hint } = fileSystem.refused;
    throw new ToolError('host', `${folder} is on ${fileSystem.name}: ${reason}`, { hint });
  }
  await onDisk(folder, () => access(folder, constants.W_OK));
  return fileSystem;
}

/** What is known of the file system of a folder. */
export async function fileSystemOf(folder: string, format: Format): Promise<FileSystem> {
  const { type } = await onDisk(folder, () => statfs(folder));
  return judgeFileSystem(type, format);
}

/** Refuses to begin what cannot fit, with the numbers, and with `links` where there are no hard links. */
export async function requireRoom(
  folder: string,
  needed: { readonly bytes: number; readonly files: number },
  { links }: { readonly links: boolean },
): Promise<void> {
  const shortage = describeShortage(folder, await roomIn(folder), needed);
  if (shortage !== undefined) throw new ToolError('host', shortage.message, { hint: shortage.hint });
  if (links) await probeLinks(folder);
}

async function probeLinks(folder: string): Promise<void> {
  const directory = join(folder, 'pool/ingest/link-probe');
  await onDisk(directory, async () => {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
    await writeFile(join(directory, 'file'), '');
    await link(join(directory, 'file'), join(directory, 'link')).catch((cause: unknown) =>
      throwNoLinks(folder, cause),
    );
    await rm(directory, { recursive: true });
  });
}

const noLinkCodes = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Tells a failure of link(2) that means "not here" from any other. */
export function throwNoLinks(path: string, cause: unknown): never {
  if (!noLinkCodes.includes(systemCodeOf(cause) ?? '')) throw cause;
  throw new ToolError('host', `${path}: this file system has no hard links`, {
    hint: 'stage onto XFS (factory-precaching-cli partition makes one) or ext4, or use --format archive',
    cause,
  });
}

/**
 * Remembers which directory a path names. The check throws `host` once it names another one: whatever was written
 * after the partition was unmounted would land below the mount point.
 */
export async function rememberFolder(folder: string): Promise<() => Promise<void>> {
  const { dev, ino } = await onDisk(folder, () => stat(folder));
  return async () => {
    const now = await stat(folder).catch((cause: unknown) => {
      // A disk that fails is still the one it was.
      if (systemCodeOf(cause) === 'EIO') throw diskError(folder, cause);
      return undefined;
    });
    if (now?.dev === dev && now.ino === ino) return;
    throw new ToolError('host', `${folder} is not the folder any more that it was at the start`, {
      hint: 'was the partition unmounted? What is finished is on it: mount it again, then run it again',
    });
  };
}

/** Refuses to take in blobs that do not fit, with the numbers. */
export async function requireSpace(folder: string, missing: readonly Descriptor[]): Promise<void> {
  const sizes = missing.map(({ size }) => size);
  const needed = roomNeeded({ missing: sizes, images: 0, archives: [], archived: [], freed: 0 });
  await requireRoom(folder, needed, { links: false });
}
