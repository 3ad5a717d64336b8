import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { ToolError } from '../core/errors.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { algorithmOf } from '../core/oci/digest.ts';
import type { Descriptor } from '../core/oci/manifest.ts';
import { onDisk } from './disk-error.ts';
import { type Extent, Part } from './part.ts';
import { openPartList, type PartList, type PartRecord, readPartList } from './part-list.ts';
import type { WriteThread } from './write-thread.ts';
import { createWriter, type PartialFile, type Writer, type WriterOptions } from './writer.ts';

/**
 * A blob on its way into the pool. It is the sink of its first part; a large one may get `tails`, which other
 * connections fill at the same time. `join` adds complete tails to the first part, in order, until that is the blob.
 */
export interface Ingest extends BlobSink {
  /** The parts behind the first one, in order. */
  readonly tails: readonly BlobSink[];
  /** Cuts a part that is being filled at a position it has not reached, and gives the sink for what is behind. */
  split(part: BlobSink, at: number): Promise<BlobSink>;
  /** Gives what a tail was to fetch back to the part before it. */
  unsplit(tail: BlobSink): Promise<void>;
  join(): Promise<void>;
  /** Makes the bytes durable and gives the blob its name. Only for bytes that `matches()` confirmed. */
  commit(finalPath: string): Promise<void>;
  /** Writes out what is held and closes the file, which stays for the next run. */
  close(): Promise<void>;
}

/** Below this a blob is written and hashed by the thread that receives it. */
const smallBlob = 512 * 1024;

/**
 * Opens the partial file of a blob and hashes what an interrupted run left in it. Anything but a regular file in its
 * place is refused, a file longer than the blob is begun anew.
 */
export async function openIngest(path: string, descriptor: Descriptor, thread: WriteThread): Promise<Ingest> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  return onDisk(path, async () => {
    const handle = await open(path, flags, 0o644);
    try {
      const { size } = await checkRegular(handle, path);
      const listPath = `${path}.parts`;
      const records = await readPartList(listPath);
      const left = size > descriptor.size ? [] : usableRecords(records ?? [{ start: 0, offset: size }], size);
      if (left.length === 0) await handle.truncate(0);
      const [head = { start: 0, offset: 0 }, ...tails] = left;
      const list = records === undefined ? undefined : await openPartList(listPath, left);
      const makeWriter = descriptor.size <= smallBlob ? createWriter : thread.createWriter;
      const ingest = new IngestFile({ path, handle }, descriptor, makeWriter, tails, list);
      await ingest.adopt(head.offset);
      return ingest;
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

async function checkRegular(file: FileHandle, path: string): Promise<{ size: number }> {
  const stats = await file.stat();
  if (!stats.isFile())
    throw new ToolError('host', `${path} is no regular file`, { hint: 'remove it and run again' });
  return stats;
}

/** The records that the file bears out: the first part, and the parts behind it in order. */
function usableRecords(records: readonly PartRecord[], fileSize: number): PartRecord[] {
  const [first, ...others] = records;
  if (first?.start !== 0) return [];
  const head = { start: 0, offset: Math.min(first.offset, fileSize) };
  const tails = others
    .filter(({ start, offset }) => start > head.offset && offset >= start)
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, offset }) => ({ start, offset: Math.max(start, Math.min(offset, fileSize)) }));
  return [head, ...tails];
}

class IngestFile extends Part implements Ingest {
  readonly #file: PartialFile;
  readonly #makeTailWriter: (onWritten: WriterOptions['onWritten']) => Writer;
  /** Every part ever made, the first one included: the index is that of its record. */
  readonly #parts: Part[];
  #tails: Part[] = [];
  #list: PartList | undefined;
  #joining: Promise<void> = Promise.resolve();

  constructor(
    file: PartialFile,
    descriptor: Descriptor,
    makeWriter: (options: WriterOptions) => Writer,
    tails: readonly PartRecord[],
    list: PartList | undefined,
  ) {
    const algorithm = algorithmOf(descriptor.digest);
    const extent = { start: 0, offset: 0, end: tails[0]?.start ?? descriptor.size };
    super((onWritten) => makeWriter({ file, algorithm, onWritten }), descriptor, extent);
    this.#file = file;
    this.#makeTailWriter = (onWritten) => makeWriter({ file, algorithm: undefined, onWritten });
    this.#list = list;
    this.#parts = [this];
    this.#tails = tails.map(({ start, offset: at }, index) => {
      const end = tails[index + 1]?.start ?? descriptor.size;
      return this.#newPart({ start, offset: Math.min(at, end), end });
    });
    if (list !== undefined) this.#recordHead();
  }

  get tails(): readonly BlobSink[] {
    return this.#tails;
  }

  #newPart(extent: Extent): Part {
    const part = new Part(this.#makeTailWriter, this.descriptor, extent);
    this.#parts.push(part);
    part.onWritten = (offset) => this.#record(this.#parts.indexOf(part), { start: part.start, offset });
    return part;
  }

  #recordHead(): void {
    this.onWritten = (offset) => this.#record(0, { start: 0, offset });
  }

  async #record(index: number, record: PartRecord): Promise<void> {
    await this.#list?.record(index, record);
  }

  /** The place among the tails; -1 for the first part. */
  #placeOf(part: BlobSink): number {
    return this.#tails.findIndex(({ start }) => start === part.start);
  }

  async split(part: BlobSink, at: number): Promise<BlobSink> {
    const place = this.#placeOf(part);
    const tail = this.#newPart({ start: at, offset: at, end: part.end });
    const cut = place === -1 ? this : this.#tails[place];
    if (cut !== undefined) cut.end = at;
    this.#tails.splice(place + 1, 0, tail);
    if (this.#list === undefined) {
      await this.flush();
      this.#list = await openPartList(`${this.#file.path}.parts`, [{ start: 0, offset: this.offset }]);
      this.#recordHead();
    }
    await this.#record(this.#parts.indexOf(tail), { start: at, offset: at });
    return tail;
  }

  async unsplit(tail: BlobSink): Promise<void> {
    const place = this.#placeOf(tail);
    const before = place === 0 ? this : this.#tails[place - 1];
    const [gone] = this.#tails.splice(place, 1);
    if (before === undefined || gone === undefined) return;
    before.end = gone.end;
    gone.onWritten = undefined;
    await this.#record(this.#parts.indexOf(gone), { start: 0, offset: 0 });
  }

  async join(): Promise<void> {
    this.#joining = this.#joining.then(() => this.#joinNow());
    await this.#joining;
  }

  async #joinNow(): Promise<void> {
    for (;;) {
      const [next] = this.#tails;
      if (next === undefined || this.offset < this.end || next.offset < next.end) return;
      await this.flush();
      await next.flush();
      await onDisk(this.#file.path, () => this.adopt(next.end));
      this.end = next.end;
      this.#tails.shift();
      await this.onWritten?.(this.offset);
    }
  }

  override async restart(): Promise<void> {
    await super.restart();
    if (this.#tails.length === 0) await onDisk(this.#file.path, () => this.#file.handle.truncate(0));
  }

  async commit(finalPath: string): Promise<void> {
    await this.flush();
    await onDisk(this.#file.path, async () => {
      await this.#file.handle.datasync();
      await rename(this.#file.path, finalPath);
    });
    await this.#list?.remove();
    this.#list = undefined;
  }

  async close(): Promise<void> {
    // The bytes on disk are only a head start for the next run: losing them is no error.
    for (const part of this.#parts) await part.release();
    await this.#list?.close().catch(() => undefined);
    await this.#file.handle.close().catch(() => undefined);
  }
}
