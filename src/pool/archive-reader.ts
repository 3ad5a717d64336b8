import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ToolError } from '../core/errors.ts';
import { algorithmOf, type Digest, hexOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { readTar, type TarFile } from '../core/tar-reader.ts';
import { type Archive, type ArchiveImage, archivePath, hasArchive } from './archive.ts';
import { dirFiles } from './dir-image.ts';
import { ingestStream } from './ingest-stream.ts';
import type { Pool } from './pool.ts';

/**
 * Whether a file under the archive's name is this image, whole: every content is read and compared with its digest.
 * Undefined when there is no such file or it is anything else; other members do not matter. It also takes what the
 * Go tool made. `begin` is called once there is something to read.
 */
export async function examineArchive(
  folder: string,
  image: ArchiveImage,
  begin: () => void,
): Promise<Archive | undefined> {
  const wanted = new Map([...dirFiles(image)].map(([name, digest]) => [`${image.artifact}/${name}`, digest]));
  const hash = createHash('sha256');
  let size = 0;
  const see = (chunk: Uint8Array): void => {
    if (size === 0) begin();
    hash.update(chunk);
    size += chunk.length;
  };
  try {
    for await (const { path, body } of readArchive(archivePath(folder, image.artifact), see)) {
      const digest = wanted.get(path);
      if (digest !== undefined && (await isContent(body, digest, image.sizes.get(digest))))
        wanted.delete(path);
    }
  } catch {
    return undefined;
  }
  const archive: Archive = { size, digest: `sha256:${hash.digest('hex')}` };
  return wanted.size === 0 && (await hasArchive(folder, image.artifact, archive)) ? archive : undefined;
}

async function isContent(
  body: AsyncIterable<Uint8Array>,
  digest: Digest,
  size: number | undefined,
): Promise<boolean> {
  const hash = createHash(algorithmOf(digest));
  let length = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    length += chunk.length;
  }
  return length === size && hash.digest('hex') === hexOf(digest);
}

/**
 * Takes blobs out of an archive into the pool, checked as if they came from a registry. Returns those that were there
 * and right; a damaged archive gives as many as can be read.
 */
export async function takeFromArchive(
  folder: string,
  artifact: string,
  pool: Pool,
  wanted: readonly Descriptor[],
): Promise<Descriptor[]> {
  const byPath = new Map(wanted.map((descriptor) => [`${artifact}/${hexOf(descriptor.digest)}`, descriptor]));
  const taken: Descriptor[] = [];
  const members = readArchive(archivePath(folder, artifact), () => undefined);
  for (;;) {
    // A damaged archive ends the reading; a fault of the pool's disk ends the run.
    const next = await members.next().catch(() => undefined);
    if (next === undefined || next.done === true) return taken;
    const descriptor = byPath.get(next.value.path);
    if (descriptor !== undefined && (await takeBlob(next.value, descriptor, pool))) taken.push(descriptor);
    if (taken.length === byPath.size) {
      await members.return(undefined);
      return taken;
    }
  }
}

/** False when the archive is damaged there; a fault of the pool's own disk is thrown. */
async function takeBlob(file: TarFile, descriptor: Descriptor, pool: Pool): Promise<boolean> {
  try {
    return await ingestStream(pool, descriptor, file.body);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    return false;
  }
}

/** The files of an archive as a stream; `see` gets the archive's own bytes. What is not consumed is skipped. */
async function* readArchive(path: string, see: (chunk: Uint8Array) => void): AsyncGenerator<TarFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const gunzip = createGunzip({ chunkSize: 1024 * 1024 });
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no regular file`);
    const raw = file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false });
    const seen = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        see(chunk);
        done(null, chunk);
      },
    });
    // Whoever reads gets the error; here it only has to be heard.
    pipeline(raw, seen, gunzip, () => undefined);
    yield* readTar(gunzip);
  } finally {
    gunzip.destroy();
    await file.close();
  }
}
