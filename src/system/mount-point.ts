import { readFile } from 'node:fs/promises';

/** A line of `/proc/self/mountinfo` (proc(5)), as far as it is needed. */
export interface Mount {
  readonly mountPoint: string;
  readonly fileSystem: string;
  /** `/dev/nvme0n1p1`, `tmpfs`. */
  readonly source: string;
}

/** The mount whose mount point is exactly this real path, or undefined. The last one covers those before it. */
export async function mountAt(path: string): Promise<Mount | undefined> {
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  return mounts.findLast(({ mountPoint }) => mountPoint === path);
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const mountPoint = before.split(' ')[4];
    const [fileSystem = '', source = ''] = after.split(' ');
    return mountPoint === undefined
      ? []
      : [{ mountPoint: decodeOctal(mountPoint), fileSystem, source: decodeOctal(source) }];
  });
}

/** Spaces and the like are octal there: `\040`. */
function decodeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
