import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobFile } from './blob-folder.ts';
import type { SetImage } from './set-images.ts';

/**
 * Lays an image out as skopeo's `dir:` transport reads it, all platforms of an index, as hard links into the folder
 * of blobs: no byte is copied, and manifests keep their digests.
 */
export async function writeDirView(blobs: string, image: SetImage, view: string): Promise<void> {
  await mkdir(view, { recursive: true });
  await writeFile(join(view, 'version'), 'Directory Transport Version: 1.1\n');
  const put = (digest: string, name: string) => link(blobFile(blobs, digest), join(view, name));
  const manifests = [image.manifest, ...image.manifest.instances.map(({ manifest }) => manifest)];
  await put(image.manifest.digest, 'manifest.json');
  for (const { digest } of manifests.slice(1)) await put(digest, `${hexOf(digest)}.manifest.json`);
  const digests = new Set(manifests.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)));
  for (const digest of digests) await put(digest, hexOf(digest));
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
