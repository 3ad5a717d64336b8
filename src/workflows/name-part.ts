import { type ErrorCode, ToolError } from '../core/errors.ts';
import type { Digest } from '../core/oci/digest.ts';
import type { ImageManifest } from '../core/oci/manifest.ts';

/** What can be wrong with one blob; everything else is no matter of the image's parts. */
const codesOfBlobs: readonly ErrorCode[] = ['network', 'unauthorized', 'not-found', 'integrity'];

/** The error of a blob, told as that of the part of an image that it is: `layer 2 of 2: …`. Others stay as they are. */
export function inPart({ config, layers }: ImageManifest, digest: Digest, error: unknown): unknown {
  if (!(error instanceof ToolError) || !codesOfBlobs.includes(error.code)) return error;
  const at = layers.findIndex((layer) => layer.digest === digest);
  if (at === -1 && config.digest !== digest) return error;
  const part = at === -1 ? 'config' : `layer ${at + 1} of ${layers.length}`;
  return new ToolError(error.code, `${part}: ${error.message}`, { hint: error.hint, cause: error });
}
