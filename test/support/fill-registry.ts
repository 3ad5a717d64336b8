import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blobFile } from './blob-folder.ts';
import { contentsOf } from './contents.ts';
import { writeDirView } from './dir-view.ts';
import { type DockerRegistry, skopeoAccess } from './docker-registry.ts';
import { output } from './process.ts';
import { type ReleaseSet, servedImagesOf } from './release-set.ts';
import type { SetImage } from './set-images.ts';

/**
 * Pushes a set with skopeo, as a user fills a mirror; digests stay. Works below the set's folder. One at a time:
 * docker-registry 2.8 answers 500 now and then when two uploads meet at one blob.
 */
export async function pushReleaseSet(registry: DockerRegistry, set: ReleaseSet): Promise<void> {
  for (const image of servedImagesOf(set)) await push(registry, set, image);
}

async function push(registry: DockerRegistry, set: ReleaseSet, image: SetImage): Promise<void> {
  const view = join(set.folder, `push-${image.manifest.digest.slice(7)}`);
  await writeDirView(set.folder, image, view);
  const access = skopeoAccess(registry, 'dest');
  const copy = ['skopeo', 'copy', '--quiet', '--all', '--preserve-digests'] as const;
  await output([...copy, ...access, `dir:${view}`, `docker://${image.reference}`]);
  await rm(view, { recursive: true });
}

/**
 * Puts a set into the registry's storage by hard links, in no time whatever its size. The layout is that of
 * distribution 2.8 (registry/storage/paths.go): blobs once, and link files that name them in each repository.
 */
export async function linkReleaseSet(registry: DockerRegistry, set: ReleaseSet): Promise<void> {
  await linkImages(registry, set.folder, servedImagesOf(set));
}

/** The same for images whose blobs are in a folder of blobs. */
export async function linkImages(
  registry: DockerRegistry,
  folder: string,
  images: readonly SetImage[],
): Promise<void> {
  const root = join(registry.storage, 'docker/registry/v2');
  for (const image of images) {
    const repository = join(root, 'repositories', image.repository);
    const { manifests, blobs } = contentsOf(image, 'all');
    for (const { digest } of [...manifests, ...blobs]) await linkBlob(root, folder, digest);
    for (const { digest } of blobs) {
      await writeLink(join(repository, '_layers', digest.replace(':', '/')), digest);
    }
    for (const { digest } of manifests) {
      await writeLink(join(repository, '_manifests/revisions', digest.replace(':', '/')), digest);
    }
    if (image.tag === undefined) continue;
    const tag = join(repository, '_manifests/tags', image.tag);
    const { digest } = image.manifest;
    await writeLink(join(tag, 'current'), digest);
    await writeLink(join(tag, 'index', digest.replace(':', '/')), digest);
  }
}

async function linkBlob(root: string, folder: string, digest: string): Promise<void> {
  const hex = digest.slice('sha256:'.length);
  const target = join(root, 'blobs/sha256', hex.slice(0, 2), hex);
  await mkdir(target, { recursive: true });
  await link(blobFile(folder, digest), join(target, 'data')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function writeLink(folder: string, digest: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'link'), digest);
}
