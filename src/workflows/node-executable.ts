import { ToolError } from '../core/errors.ts';
import { hexOf } from '../core/oci/digest.ts';
import { formatPlatform, type Platform } from '../core/oci/platform.ts';
import type { Format } from '../core/staging/formats.ts';
import { type NodeExecutable, readExecutable } from '../pool/node-executable.ts';
import { ownExecutable } from '../system/own-executable.ts';

/**
 * The executable that shall serve the partition on the node: the file that was named, or this program's own where the
 * name is empty. Undefined where none was asked for. Throws `usage` for one that the node cannot run, `not-found`.
 */
export async function openExecutable(
  { nodeRegistry, format }: { readonly nodeRegistry: string | undefined; readonly format: Format },
  platform: Platform,
): Promise<NodeExecutable | undefined> {
  if (nodeRegistry === undefined) return undefined;
  if (format === 'archive') {
    throw new ToolError('usage', '--node-registry: the format archive has no pool that could be served', {
      hint: 'use --format pool or storage',
    });
  }
  const hint = 'name the executable of that architecture: --node-registry=FILE (npm run package makes them)';
  const executable = await readExecutable(nodeRegistry || ownExecutable(platform.architecture)).catch(
    (error: unknown) => {
      if (!(error instanceof ToolError)) throw error;
      throw new ToolError(error.code, error.message, { hint, cause: error });
    },
  );
  const { path, architecture } = executable;
  if (platform.os === 'linux' && architecture === platform.architecture) return executable;
  const what =
    architecture === undefined ? 'no executable of Linux' : `an executable for linux/${architecture}`;
  throw new ToolError(
    'usage',
    `--node-registry: ${path} is ${what}, and the node is ${formatPlatform(platform)}`,
    {
      hint,
    },
  );
}

/** The SHA-256 that an override names, in hex: as it was given, or of the file that was named. */
export async function registrySum(fileOrSum: string): Promise<string> {
  if (/^[0-9a-fA-F]{64}$/.test(fileOrSum)) return fileOrSum.toLowerCase();
  const { path, digest, architecture } = await readExecutable(fileOrSum);
  if (architecture !== undefined) return hexOf(digest);
  throw new ToolError('usage', `--node-registry: ${path} is no executable of Linux`, {
    hint: 'name the executable that download --node-registry put on the partition, or its SHA-256',
  });
}
