import type { BlobSink } from '../core/oci/blob-sink.ts';
import { type Lanes, makeLanes } from '../core/transfer/lanes.ts';
import { cutOf, partToSplit, type RunningPart } from '../core/transfer/split.ts';
import type { Ingest } from '../pool/ingest.ts';
import { RangesRefused } from '../registry/blob.ts';
import { commitWhole, fetchFromAny, sourcesOf } from './fetch-blob.ts';
import type { Staging, WantedBlob } from './staging.ts';

/** What becomes of each blob; an error thrown here ends the run. */
export interface Outcomes {
  readonly arrived: (blob: WantedBlob) => Promise<void>;
  readonly failed: (blob: WantedBlob, error: unknown) => void;
}

/** A blob under way; with large ones several connections work on it. */
interface Transfer {
  readonly blob: WantedBlob;
  readonly ingest: Ingest;
  readonly running: Set<Running>;
  /** A cut is being made: its new part is not up for others. */
  splitting: boolean;
  /** Why it cannot be had. */
  failure?: { readonly error: unknown };
}

/** A part of a blob on one connection. */
interface Running extends RunningPart {
  readonly transfer: Transfer;
  readonly sink: BlobSink;
}

/** How often free connections look for something to help with, and how long a rate must have been measured, ms. */
const helpInterval = 500;
const shortestMeasure = 1000;
/** Blobs that wait for the disk; when it is behind by more, nothing new is asked for. */
const mostSettling = 64;

/**
 * Fetches blobs into the pool, as many at a time as the pace allows. A blob that cannot be had does not keep the
 * others from being fetched. When nothing waits any more, free connections take over halves of large blobs.
 */
export async function fetchBlobs(
  missing: readonly WantedBlob[],
  context: FetchContext,
  outcomes: Outcomes,
): Promise<void> {
  const fetcher = new BlobFetcher(missing, context, outcomes);
  const timer = setInterval(() => fetcher.wake(), helpInterval);
  await fetcher.run().finally(() => clearInterval(timer));
}

type FetchContext = Pick<Staging, 'pool' | 'client' | 'foreignHosts' | 'pace' | 'now'>;

class BlobFetcher {
  readonly #context: FetchContext;
  readonly #outcomes: Outcomes;
  readonly #lanes: Lanes<{ readonly size: number; readonly blob: WantedBlob }>;
  readonly #transfers = new Set<Transfer>();
  /** Connections under way, and how many of them have a place of the large blobs. */
  #connections = 0;
  #large = 0;
  /** Blobs that are all here and get their names: that needs the disk, not a connection. */
  #settling = 0;
  #fatal: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(missing: readonly WantedBlob[], context: FetchContext, outcomes: Outcomes) {
    this.#context = context;
    this.#outcomes = outcomes;
    this.#lanes = makeLanes(missing.map((blob) => ({ size: blob.descriptor.size, blob })));
  }

  wake(): void {
    this.#wake();
  }

  async run(): Promise<void> {
    this.#context.pace.onRoom(() => this.#wake());
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      while (this.#mayStart() && this.#startOne());
      if (this.#connections + this.#settling === 0) break;
      await woken;
    }
    if (this.#fatal !== undefined) throw this.#fatal.error;
  }

  #mayStart(): boolean {
    return (
      this.#fatal === undefined &&
      this.#connections < this.#context.pace.places() &&
      this.#settling < mostSettling
    );
  }

  /** Starts what is next: a part that nobody fetches, a blob that waits, or half of a part that is slow. */
  #startOne(): boolean {
    const idle = this.#idlePart();
    if (idle !== undefined) return this.#connect(false, () => this.#fetchPart(idle.transfer, idle.sink));
    const next = this.#lanes.next(this.#large, this.#context.pace.places());
    if (next !== undefined) return this.#connect(next.large, () => this.#begin(next.item.blob));
    const slow = partToSplit([...this.#splittable()]);
    if (slow === undefined) return false;
    const { transfer, sink } = slow;
    transfer.splitting = true;
    return this.#connect(false, async () => {
      const tail = await transfer.ingest.split(sink, cutOf(slow)).finally(() => {
        transfer.splitting = false;
      });
      await this.#fetchPart(transfer, tail);
    });
  }

  #connect(large: boolean, work: () => Promise<void>): true {
    this.#connections += 1;
    if (large) this.#large += 1;
    this.#track(work, () => {
      this.#connections -= 1;
      if (large) this.#large -= 1;
    });
    return true;
  }

  /** Runs work beside the rest; what it throws ends the run. */
  #track(work: () => Promise<void>, ended: () => void): void {
    void work()
      .catch((error: unknown) => {
        this.#fatal ??= { error };
      })
      .finally(() => {
        ended();
        this.#wake();
      });
  }

  #idlePart(): { transfer: Transfer; sink: BlobSink } | undefined {
    for (const transfer of this.#transfers) {
      const { ingest, running, splitting, failure } = transfer;
      if (splitting || failure !== undefined) continue;
      const busy = new Set([...running].map(({ sink }) => sink));
      const sink = [ingest, ...ingest.tails].find((part) => part.offset < part.end && !busy.has(part));
      if (sink !== undefined) return { transfer, sink };
    }
    return undefined;
  }

  *#splittable(): Generator<Running> {
    for (const { blob, running, splitting, failure } of this.#transfers) {
      if (splitting || failure !== undefined) continue;
      if (this.#context.client.servesRanges(blob.reference)) yield* running;
    }
  }

  async #begin(blob: WantedBlob): Promise<void> {
    let ingest: Ingest;
    try {
      ingest = await this.#context.pool.ingest(blob.descriptor);
    } catch (error) {
      this.#outcomes.failed(blob, error);
      return;
    }
    const transfer: Transfer = { blob, ingest, running: new Set(), splitting: false };
    this.#transfers.add(transfer);
    await this.#fetchPart(transfer, ingest);
  }

  async #fetchPart(transfer: Transfer, sink: BlobSink): Promise<void> {
    const running = describeRun(transfer, sink, this.#context.now);
    transfer.running.add(running);
    this.#wake();
    try {
      await fetchFromAny(sourcesOf(transfer.blob), sink, this.#context);
    } catch (error) {
      if (error instanceof RangesRefused && sink.start > 0) await transfer.ingest.unsplit(sink);
      else transfer.failure ??= { error };
    }
    try {
      if (transfer.failure === undefined) await transfer.ingest.join();
    } catch (error) {
      transfer.failure ??= { error };
    }
    transfer.running.delete(running);
    this.#settling += 1;
    this.#track(
      () => this.#settle(transfer),
      () => {
        this.#settling -= 1;
      },
    );
  }

  /** Ends a transfer when its last connection has. */
  async #settle(transfer: Transfer): Promise<void> {
    const { blob, ingest, running } = transfer;
    if (running.size > 0 || !this.#transfers.has(transfer)) return;
    if (transfer.failure === undefined && ingest.offset < blob.descriptor.size) return;
    this.#transfers.delete(transfer);
    if (transfer.failure === undefined) {
      await commitWhole(ingest, sourcesOf(blob), this.#context).catch((error: unknown) => {
        transfer.failure = { error };
      });
    }
    await ingest.close();
    if (transfer.failure === undefined) await this.#outcomes.arrived(blob);
    else this.#outcomes.failed(blob, transfer.failure.error);
  }
}

function describeRun(transfer: Transfer, sink: BlobSink, now: () => number): Running {
  const [since, from] = [now(), sink.offset];
  return {
    transfer,
    sink,
    get offset() {
      return sink.offset;
    },
    get end() {
      return sink.end;
    },
    get rate() {
      const elapsed = now() - since;
      // Not known yet counts as fast: there is nothing to be gained from a guess.
      return elapsed < shortestMeasure ? Number.POSITIVE_INFINITY : ((sink.offset - from) / elapsed) * 1000;
    },
  };
}
