import type { Event } from '../../src/core/events.ts';
import type { BlobSink } from '../../src/core/oci/blob-sink.ts';
import { digestOf } from '../../src/core/oci/digest.ts';
import { type ClientOptions, createRegistryClient, type RegistryClient } from '../../src/registry/client.ts';
import { createPace } from '../../src/registry/pace.ts';
import { defaultRetryPolicy } from '../../src/registry/retry.ts';

/** The tool's registry client in this process, with limits of a fraction of a second where the tool's are 30 s. */
export function openImpatientClient(
  options: Partial<ClientOptions> = {},
): RegistryClient & { readonly events: readonly Event[] } {
  const events: Event[] = [];
  const now = () => performance.now();
  const { signal } = new AbortController();
  const client = createRegistryClient({
    certificates: { env: {}, certDir: undefined },
    credentials: () => Promise.resolve(undefined),
    timeouts: { connect: 300, headers: 300, body: 300 },
    connections: 4,
    now,
    signal,
    rules: [],
    pace: createPace({ most: 4, limitRate: undefined, now, signal }),
    retry: { ...defaultRetryPolicy, attempts: 3, patience: 300, firstDelay: 1, longestDelay: 20 },
    emit: (event) => events.push(event),
    ...options,
  });
  return { ...client, events };
}

/** A sink in memory for a blob of these bytes, empty. */
export function sinkFor(blob: Buffer): BlobSink {
  let bytes = Buffer.alloc(0);
  return {
    descriptor: { mediaType: 'application/octet-stream', digest: digestOf(blob), size: blob.length },
    start: 0,
    end: blob.length,
    get offset() {
      return bytes.length;
    },
    write: (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      return undefined;
    },
    restart: async () => {
      bytes = Buffer.alloc(0);
    },
    digest: () => Promise.resolve(digestOf(bytes)),
    matches: () => Promise.resolve(bytes.equals(blob)),
  };
}
