import type { Emit } from '../core/events.ts';
import type { BlobSink } from '../core/oci/blob-sink.ts';
import { RegistryError } from './errors.ts';
import { type Head, headerOf, type TakeChunk } from './exchange.ts';
import type { Repository } from './repository.ts';

/**
 * One attempt at a blob: asks for what the sink lacks, and fills it. What arrived before a fault stays in the sink,
 * so that the next attempt, or the next process, goes on from there.
 */
export async function fetchBlobOnce(
  repository: Repository,
  sink: BlobSink,
  what: string,
  emit: Emit,
): Promise<void> {
  const { digest, size } = sink.descriptor;
  if (sink.offset < size || size === 0) {
    const from = sink.offset;
    const headers: Record<string, string> = from === 0 ? {} : { range: `bytes=${from}-` };
    await repository
      .ask({ method: 'GET', path: `blobs/${digest}`, headers, what }, (head) =>
        receive(head, sink, from, what, emit),
      )
      .catch(async (error: unknown) => {
        if (!(error instanceof RegistryError)) throw error;
        // More bytes than the blob has: what came before them is not to be trusted either.
        if (error.code === 'integrity') await discard(sink, emit);
        // 416: the registry's blob ends before our part does; and a part that cannot be appended to is of no use.
        if (error.status === 416 || error instanceof UnusableRange) {
          await discard(sink, emit);
          throw new RegistryError('network', 'temporary', error.message);
        }
        throw error;
      });
  }
  if (sink.offset < size) {
    throw new RegistryError('network', 'temporary', `${what}: ended after ${sink.offset} of ${size} bytes`);
  }
  if (!sink.matches()) {
    await discard(sink, emit);
    throw new RegistryError('integrity', 'final', `${what}: the bytes received have another digest`, {
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

async function discard(sink: BlobSink, emit: Emit): Promise<void> {
  emit({ type: 'bytes-discarded', bytes: sink.offset });
  await sink.restart();
}

/** Checks the head against what was asked, and gives the taker of the body. */
function receive(head: Head, sink: BlobSink, from: number, what: string, emit: Emit): TakeChunk {
  const { size } = sink.descriptor;
  if (headerOf(head.headers, 'content-type')?.startsWith('text/html') === true) {
    throw new RegistryError('network', 'final', `${what}: the answer is a web page`, {
      hint: 'a proxy or a login page stands between this machine and the registry',
    });
  }
  const encoding = headerOf(head.headers, 'content-encoding');
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RegistryError(
      'network',
      'final',
      `${what}: sent as ${encoding}, though plain bytes were asked for`,
    );
  }
  if (head.status === 206) {
    const range = headerOf(head.headers, 'content-range');
    if (range !== `bytes ${from}-${size - 1}/${size}`)
      throw new UnusableRange(what, `wrong range "${range ?? ''}"`);
  }
  // A 200 answers a range request with the whole blob: start again, within this same answer.
  let restarting = from > 0 && head.status === 200 ? discard(sink, emit) : undefined;
  return (chunk) => {
    const write = (): Promise<void> | undefined => {
      if (sink.offset + chunk.length > size) {
        throw new RegistryError('integrity', 'final', `${what}: longer than its ${size} bytes`, {
          hint: 'the registry serves another blob under this digest',
        });
      }
      emit({ type: 'bytes-received', bytes: chunk.length });
      return sink.write(chunk);
    };
    if (restarting === undefined) return write();
    const ready = restarting;
    restarting = undefined;
    return ready.then(write);
  };
}
