import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

const reasons: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: [
    'no space left',
    'what is finished is kept: make room or take a larger partition, then run it again',
  ],
  EDQUOT: ['the quota is used up', 'what is finished is kept: raise the quota, then run it again'],
  EROFS: [
    'the file system is read-only',
    'mount it read-write; after an I/O error the kernel log says why it is not',
  ],
  EIO: ['the disk reports an I/O error', 'look into the kernel log (dmesg); the disk may be failing'],
  EACCES: ['permission denied', 'run as root, or as the owner of the staging folder'],
  EPERM: ['not permitted', 'run as root, or as the owner of the staging folder'],
  ELOOP: ['a symbolic link stands in its place', 'remove it: the staging folder holds plain files only'],
  ENOENT: ['not there', 'is the partition still mounted?'],
  ENODEV: ['the device is gone', 'is the disk still attached and mounted?'],
  ENXIO: ['the device is gone', 'is the disk still attached and mounted?'],
  ENOTCONN: ['the device is gone', 'is the disk still attached and mounted?'],
  ENAMETOOLONG: ['this file system does not take so long a name', 'stage onto XFS or ext4'],
  EISDIR: ['a directory stands in its place', 'remove it: the staging folder holds plain files there'],
  EMLINK: ['this file system takes no more hard links to one file', 'stage onto XFS or ext4'],
  EFBIG: [
    'the file system, or a limit of this process, allows no file that large',
    'stage onto XFS or ext4; look at ulimit -f',
  ],
  ENFILE: ['the system has too many open files', 'end what is not needed, or raise fs.file-max'],
  EMFILE: ['too many open files', 'raise the limit (ulimit -n) or lower --parallel'],
};

/** Node.js has no name for EDQUOT. */
const quotaErrno = -122;

function codeOf(cause: unknown): string | undefined {
  const isQuota = cause instanceof Error && 'errno' in cause && cause.errno === quotaErrno;
  return isQuota ? 'EDQUOT' : systemCodeOf(cause);
}

/** A `host` error for a file operation of the staging folder that failed; one of ours passes as it is. */
export function diskError(path: string, cause: unknown): ToolError {
  if (cause instanceof ToolError) return cause;
  const [reason, hint] = reasons[codeOf(cause) ?? ''] ?? [messageOf(cause), undefined];
  return new ToolError('host', `${path}: ${reason}`, { hint, cause });
}

/** Runs file operations about a path; a failure is told as a `host` error. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw diskError(path, cause);
  }
}
