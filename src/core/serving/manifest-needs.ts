import type { Digest } from '../oci/digest.ts';
import { isForeign } from '../oci/descriptor.ts';
import { blobsOf, type Manifest } from '../oci/manifest.ts';
import type { Contents, ServedManifest } from './contents.ts';

/** What has to be on the disk so that a client that takes a manifest gets the rest from here, too. */
export interface Needs {
  readonly manifests: readonly Digest[];
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
}

/**
 * The contents that a manifest needs. Of an index these are the manifests that are staged: the other platforms are not
 * there, and nobody here asks for them. Of an image that lies unpacked in a container storage it is the configuration:
 * who pulls into that storage asks for nothing else. A foreign layer that was not staged is fetched from elsewhere.
 */
export function needsOf(manifest: Manifest, { kept }: ServedManifest, contents: Contents): Needs {
  if (manifest.kind === 'index') {
    const staged = manifest.manifests.filter(({ digest }) => contents.manifests.has(digest));
    return { manifests: staged.map(({ digest }) => digest), blobs: [] };
  }
  if (kept === 'storage') return { manifests: [], blobs: [manifest.config] };
  return {
    manifests: [],
    blobs: blobsOf(manifest).filter((blob) => !isForeign(blob) || contents.blobs.has(blob.digest)),
  };
}
