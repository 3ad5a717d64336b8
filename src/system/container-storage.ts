import { ToolError } from '../core/errors.ts';
import { exec } from './exec.ts';

/** A container storage of the driver overlay, and where its programs keep what is not to last. */
export interface StoragePlace {
  readonly graphRoot: string;
  readonly runRoot: string;
  /** For blobs on their way; the size of the largest. */
  readonly temporary: string;
}

export interface CopyOptions {
  /** `linux/amd64`, `linux/arm/v7`: which image of an index is taken. */
  readonly platform: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string | undefined;
  };
  readonly signal: AbortSignal;
}

/** Refuses a host that cannot fill a container storage: the driver overlay needs root, and skopeo does the work. */
export async function requireStorageTools(uid: number): Promise<void> {
  if (uid !== 0) {
    throw new ToolError('host', 'only root can make a container storage of the driver overlay', {
      hint: 'run it as root, or use --format pool',
    });
  }
  await exec(['skopeo', '--version']);
  await exec([...alone, 'true']);
}

/**
 * Copies a `dir:` image into a storage under exactly this name. Its bytes are compared with their digests on the way; who
 * signed it was judged when it was fetched. Throws `integrity` for content that is not what it says, else `host`.
 */
export async function copyIntoStorage(
  directory: string,
  name: string,
  place: StoragePlace,
  { platform, signal }: CopyOptions,
): Promise<void> {
  const { os, architecture, variant } = platform;
  const wanted = [
    `--override-os=${os}`,
    `--override-arch=${architecture}`,
    ...(variant === undefined ? [] : [`--override-variant=${variant}`]),
  ];
  const options = ['--insecure-policy', '--tmpdir', place.temporary, ...wanted];
  const argv = ['copy', '--quiet', `dir:${directory}`, inStorage(name, place)];
  try {
    await runSkopeo([...options, ...argv], signal);
  } catch (error) {
    if (error instanceof ToolError && /digest|checksum|gzip|zstd|unexpected EOF/i.test(error.message)) {
      throw new ToolError('integrity', error.message, {
        hint: 'run it again; if it happens again, run verify --repair',
        cause: error,
      });
    }
    throw error;
  }
}

/** Removes an image, with every name that it has and the layers that no other needs. */
export async function removeFromStorage(
  name: string,
  place: StoragePlace,
  signal: AbortSignal,
): Promise<void> {
  await runSkopeo(['delete', inStorage(name, place)], signal);
}

const alone = ['setpriv', '--pdeathsig=KILL', 'unshare', '--mount', '--propagation=private'] as const;

function inStorage(name: string, { graphRoot, runRoot }: StoragePlace): string {
  return `containers-storage:[overlay@${graphRoot}+${runRoot}]${name}`;
}

/**
 * The storage mounts its own directory onto itself and leaves that behind: not in this mount namespace. Nor does it outlive
 * this process: the next run would find it writing.
 */
async function runSkopeo(args: readonly string[], signal: AbortSignal): Promise<void> {
  await exec([...alone, 'skopeo', ...args], { signal });
}

/** Brings everything of a file system to its disk (syncfs(2)). */
export async function syncFileSystem(path: string): Promise<void> {
  await exec(['sync', '--file-system', path]);
}

/** Copies a tree with all its attributes, sharing every extent. False on a file system that has no reflinks. */
export async function cloneTree(from: string, to: string, signal: AbortSignal): Promise<boolean> {
  const result = await exec(['cp', '--archive', '--reflink=always', '--no-target-directory', from, to], {
    signal,
    accept: [1],
  });
  if (result.status === 0) return true;
  if (/failed to clone/.test(result.stderr) && !/No space left|quota/i.test(result.stderr)) return false;
  throw new ToolError('host', `${to}: ${result.stderr.trimEnd().split('\n')[0] ?? 'cp failed'}`);
}
