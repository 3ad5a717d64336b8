import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './answer.ts';

/** Sends an answer the way it says; `count` is told the bytes of the body that were handed to the connection. */
export async function deliver(
  answer: Answer,
  response: ServerResponse,
  withBody: boolean,
  count: (bytes: number) => void,
): Promise<void> {
  const { delivery, body } = answer;
  // A client may leave at any time; the connection's end is all there is to know about it.
  response.on('error', () => undefined);
  if (delivery?.kind === 'silent') return;
  if (delivery?.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  const send = async (bytes: Buffer): Promise<void> => {
    count(bytes.length);
    await write(response, bytes);
  };
  if (!withBody) response.end();
  else if (delivery === undefined) {
    await send(body);
    response.end();
  } else if (delivery.kind === 'trickle') await trickle(response, body, delivery.bytesPerSecond, send);
  else if (delivery.kind === 'endless') {
    while (!response.destroyed) await send(body);
  } else {
    response.flushHeaders();
    await send(body.subarray(0, delivery.after));
    if (delivery.kind === 'cut') response.destroy();
  }
}

const ticksPerSecond = 20;

async function trickle(
  response: ServerResponse,
  body: Buffer,
  bytesPerSecond: number,
  send: (bytes: Buffer) => Promise<void>,
): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / ticksPerSecond));
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    await send(body.subarray(at, at + step));
    await sleep((step / bytesPerSecond) * 1000);
  }
  response.end();
}

/** Waits until the bytes have left this process, or the client has gone. */
async function write(response: ServerResponse, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.write(bytes, () => {
      response.off('close', resolve);
      resolve();
    });
  });
}
