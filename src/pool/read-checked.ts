import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { interruptedError, ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import { onDisk } from './disk-error.ts';

const pieceSize = 1024 * 1024;

/**
 * Reads a blob's file in order, piece by piece, and throws `integrity` at its end, or before, when it is not the blob.
 * A piece is only valid until `take` is done: the next one lies in the same memory.
 */
export async function readChecked(
  path: string,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  signal: AbortSignal,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const damaged = (): ToolError =>
    new ToolError('integrity', `${path} is damaged: it is not the ${size} bytes of ${digest}`, {
      hint: 'verify --repair fetches it anew',
    });
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await onDisk(path, () => open(path, flags));
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size !== size) throw damaged();
    const hash = createHash(algorithmOf(digest));
    const buffer = Buffer.allocUnsafe(Math.min(pieceSize, size));
    for (let at = 0; at < size; ) {
      if (signal.aborted) throw interruptedError();
      const { bytesRead } = await onDisk(path, () =>
        file.read(buffer, 0, Math.min(pieceSize, size - at), at),
      );
      if (bytesRead === 0) throw damaged();
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      await take(piece);
      at += bytesRead;
    }
    if (hash.digest('hex') !== hexOf(digest)) throw damaged();
  } finally {
    await file.close();
  }
}
