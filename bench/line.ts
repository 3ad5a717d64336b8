import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { DockerRegistry } from '../test/support/docker-registry.ts';

/** What a worker is told about the line it stands for. */
export interface LineOptions {
  /** The port of 127.0.0.1 at the far end. */
  readonly port: number;
  /** What a byte takes in each direction, milliseconds. A handshake takes both. */
  readonly oneWay: number;
  /** Of each connection and direction. */
  readonly bytesPerSecond: number;
  /** Where the largest number of open connections is told. */
  readonly most: Int32Array;
}

/** A way to a registry that is as long or as narrow as wanted. */
export interface Line {
  /** What references begin with, to go this way. */
  readonly host: string;
  /** The largest number of connections at a time since this was asked last. */
  readonly mostConnections: () => number;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a proxy of TCP connections, in a thread of its own. It stands in for netem, which many kernels lack; what it
 * does not imitate is the slow start of a connection.
 */
export async function startLine(
  registry: DockerRegistry,
  { oneWay = 0, bytesPerSecond = Number.POSITIVE_INFINITY }: Partial<LineOptions>,
): Promise<Line> {
  const most = new Int32Array(new SharedArrayBuffer(4));
  const port = Number(new URL(registry.url).port);
  const options: LineOptions = { port, oneWay, bytesPerSecond, most };
  const worker = new Worker(new URL('./line-worker.mjs', import.meta.url), { workerData: options });
  const [address] = (await once(worker, 'message')) as [AddressInfo];
  return {
    host: `127.0.0.1:${address.port}`,
    mostConnections: () => Atomics.exchange(most, 0, 0),
    stop: async () => void (await worker.terminate()),
  };
}
