import type { Emit } from '../core/events.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { type Decoding, gunzipInto, isDecodable } from './decode.ts';
import { RegistryError } from './errors.ts';
import { type Head, headerOf, type TakeChunk } from './exchange.ts';
import type { Pace } from './pace.ts';
import type { Repository } from './repository.ts';
import { createWatch, type Watch } from './watch.ts';

/** What an attempt at a blob works with. */
export interface BlobTransfer {
  readonly repository: Repository;
  readonly sink: BlobSink;
  /** For messages. */
  readonly what: string;
  readonly pace: Pick<Pace, 'received'>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Milliseconds after which a transfer that is next to nothing is given up. */
  readonly patience: number;
  readonly emit: Emit;
  /** Told when an answer shows whether this registry serves parts of blobs. */
  readonly servesRanges: (yes: boolean) => void;
}

/**
 * One attempt at a blob or a part of it: asks for what the sink lacks, and fills it. What arrived before a fault
 * stays in the sink, so that the next attempt, or the next process, goes on from there.
 */
export async function fetchBlobOnce(transfer: BlobTransfer): Promise<void> {
  const { repository, sink, what, emit } = transfer;
  const { digest, size } = sink.descriptor;
  if (sink.offset < sink.end) {
    const from = sink.offset;
    const last = sink.end - 1;
    const whole = from === 0 && sink.end === size;
    const headers: Record<string, string> = whole
      ? {}
      : { range: `bytes=${from}-${sink.end === size ? '' : last}` };
    let decoding: Decoding | undefined;
    await repository
      .ask({ method: 'GET', path: `blobs/${digest}`, headers, what }, (head) => {
        const take = receive(head, transfer, from, last);
        decoding = isEncoded(head, transfer) ? gunzipInto(take, what) : undefined;
        return decoding?.take ?? take;
      })
      .then(
        () => decoding?.finish(),
        async (error: unknown) => {
          await decoding?.stop();
          throw error;
        },
      )
      .catch(async (error: unknown) => {
        if (error instanceof EnoughReceived) return;
        if (!(error instanceof RegistryError)) throw error;
        const kept = sink.offset;
        // Nothing that came before more bytes than the blob has, or before a wrong range, is to be trusted.
        if (error.code === 'integrity' || error instanceof UnusableRange) await discard(sink, emit);
        // 416: the registry's blob ends before our part does.
        if (error.status !== 416) throw error;
        if (sink.offset > 0) await discard(sink, emit);
        if (error.total !== undefined && error.total !== size) throw otherSize(what, size, error.total);
        throw new RegistryError('network', 'temporary', `${what}: refused from byte ${kept} on`, {
          status: 416,
        });
      });
  }
  if (sink.offset < sink.end) {
    throw new RegistryError('network', 'temporary', `${what}: ended after ${sink.offset} of ${size} bytes`);
  }
  if (!(await sink.matches())) {
    const received = (await sink.digest()) ?? 'unknown';
    await discard(sink, emit);
    throw new RegistryError('integrity', 'final', `${what}: the bytes received have the digest ${received}`, {
      hint: 'the registry, its storage or a proxy serves wrong bytes; nothing of it was kept',
    });
  }
}

/** An answer to a range request that does not continue where the sink stands. */
class UnusableRange extends RegistryError {
  constructor(what: string, reason: string) {
    super('network', 'temporary', `${what}: ${reason}`);
  }
}

/** A registry that answers a request for a part with the whole blob. */
export class RangesRefused extends RegistryError {
  constructor(what: string) {
    super('network', 'final', `${what}: this registry does not serve parts of blobs`);
  }
}

/** Ends an answer whose rest another connection fetches. */
class EnoughReceived extends RegistryError {
  constructor() {
    super('network', 'temporary', 'another connection has the rest');
  }
}

function otherSize(what: string, size: number, total: number): RegistryError {
  return new RegistryError(
    'integrity',
    'final',
    `${what}: it has ${total} bytes there, its manifest says ${size}`,
    {
      hint: 'the registry serves another blob under this digest, or the manifest gives a wrong size',
    },
  );
}

async function discard(sink: BlobSink, emit: Emit): Promise<void> {
  emit({ type: 'bytes-discarded', bytes: sink.offset - sink.start });
  await sink.restart();
}

/** Checks the head against what was asked for, `from` to `last`, and gives the taker of the body. */
function receive(head: Head, transfer: BlobTransfer, from: number, last: number): TakeChunk {
  const { sink, what, emit, now, patience } = transfer;
  const { size } = sink.descriptor;
  if (head.status === 206) {
    const range = headerOf(head.headers, 'content-range');
    if (isEncoded(head, transfer)) throw new UnusableRange(what, 'a part of an encoded blob');
    const total = Number(/\/(\d+)$/.exec(range ?? '')?.[1] ?? size);
    if (total !== size) throw otherSize(what, size, total);
    if (range !== `bytes ${from}-${last}/${size}`)
      throw new UnusableRange(what, `wrong range "${range ?? ''}"`);
  }
  if (head.status === 200 && from > 0) transfer.servesRanges(false);
  else if (head.status === 206 || headerOf(head.headers, 'accept-ranges') === 'bytes')
    transfer.servesRanges(true);
  if (head.status === 200 && sink.start > 0) throw new RangesRefused(what);
  // A 200 answers a range request with the whole blob: start again, within this same answer.
  let restarting = from > 0 && head.status === 200 ? discard(sink, emit) : undefined;
  const watch = createWatch(now, patience);
  return (chunk) => {
    if (restarting === undefined) return take(chunk, transfer, watch);
    const ready = restarting;
    restarting = undefined;
    return ready.then(() => take(chunk, transfer, watch));
  };
}

/**
 * Whether a body is in gzip although plain bytes were asked for. A body of the blob's own size is the blob, whatever
 * the header says: file servers call every name that ends in `gz` encoded.
 */
function isEncoded({ headers, status }: Head, { sink, what }: BlobTransfer): boolean {
  const encoding = headerOf(headers, 'content-encoding') ?? 'identity';
  if (encoding === 'identity') return false;
  const whole = status === 206 ? /\/(\d+)$/.exec(headerOf(headers, 'content-range') ?? '')?.[1] : undefined;
  if (Number(whole ?? headerOf(headers, 'content-length')) === sink.descriptor.size) return false;
  if (isDecodable(encoding)) return true;
  throw new RegistryError(
    'network',
    'final',
    `${what}: sent as ${encoding}, though plain bytes were asked for`,
    {
      hint: 'a proxy or a cache changes what the registry sends: have it pass blobs unchanged',
    },
  );
}

/** Takes one piece of the body; the promise, if any, says when the next may come. */
function take(chunk: Buffer, transfer: BlobTransfer, watch: Watch): Promise<void> | undefined {
  const { sink, what, pace, emit } = transfer;
  const { size } = sink.descriptor;
  if (watch.tooSlow(chunk.length)) {
    throw new RegistryError('network', 'temporary', `${what}: the transfer is all but standing still`);
  }
  // `end` may have moved since the request went out: then the rest is somebody else's.
  const room = sink.end - sink.offset;
  if (chunk.length > room && sink.end === size) {
    throw new RegistryError('integrity', 'final', `${what}: longer than its ${size} bytes`, {
      hint: 'the registry serves another blob under this digest, or the manifest gives a wrong size',
    });
  }
  const enough = chunk.length > room;
  const mine = enough ? chunk.subarray(0, room) : chunk;
  emit({ type: 'bytes-received', bytes: mine.length });
  const written = sink.write(mine);
  const paced = pace.received(mine.length);
  if (!enough && written === undefined && paced === undefined) {
    watch.resume();
    return undefined;
  }
  return Promise.all([written, paced]).then(() => {
    if (enough) throw new EnoughReceived();
    watch.resume();
  });
}
