import { connect, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { LineOptions } from './line.ts';

/** Bytes under way in one direction of one connection: as many as a well-tuned TCP window. */
const window = 4 * 1024 * 1024;

/** Passes bytes on as late and as slowly as the line has it, and the end after them. `open`: when it can be used. */
function passOn(from: Socket, to: Socket, { oneWay, bytesPerSecond }: LineOptions, open: number): void {
  const underWay: { due: number; chunk: Buffer | undefined }[] = [];
  let size = 0;
  let free = open;
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    const now = performance.now();
    to.cork();
    for (let next = underWay[0]; next !== undefined && next.due <= now; next = underWay[0]) {
      underWay.shift();
      size -= next.chunk?.length ?? 0;
      if (next.chunk === undefined) to.end();
      else to.write(next.chunk);
    }
    to.uncork();
    if (size < window) from.resume();
    schedule();
  };
  const schedule = (): void => {
    const next = underWay[0];
    if (timer === undefined && next !== undefined) {
      timer = setTimeout(deliver, Math.max(0, next.due - performance.now()));
    }
  };
  const take = (chunk: Buffer | undefined): void => {
    free = Math.max(free, performance.now()) + ((chunk?.length ?? 0) / bytesPerSecond) * 1000;
    underWay.push({ due: free + oneWay, chunk });
    size += chunk?.length ?? 0;
    if (size >= window) from.pause();
    schedule();
  };
  from.on('data', take);
  from.on('end', () => take(undefined));
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (!from.readableEnded) to.destroy();
  });
}

const options = workerData as LineOptions;
let open = 0;
const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  open += 1;
  Atomics.store(options.most, 0, Math.max(open, Atomics.load(options.most, 0)));
  client.once('close', () => {
    open -= 1;
  });
  const upstream = connect({ host: '127.0.0.1', port: options.port, allowHalfOpen: true, noDelay: true });
  // The kernel has answered the handshake at once; on the line it would have taken a round trip.
  passOn(client, upstream, options, performance.now() + 2 * options.oneWay);
  passOn(upstream, client, options, 0);
});
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
server.listen(0, '127.0.0.1', () => parentPort?.postMessage(server.address()));
