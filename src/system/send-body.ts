import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Body, HttpAnswer, Sent } from './http-answer.ts';

/**
 * What all bodies on their way are to hold in memory together, bytes, and the pieces: worth a system call, and small
 * enough to be in a core's cache still when they are sent.
 */
const memory = 12 * 1024 * 1024;
const pieces = { least: 64 * 1024, most: 256 * 1024 };
/** Two pieces a body: one is read while the other is sent. */
const ahead = 2;
/** Pieces after which everybody else has a turn: a client on this machine may take them as fast as they come. */
const turns = 32;
/** How long a client may take for one piece, ms: slower than that is no transfer. */
const patience = 60_000;

let sending = 0;
/** Buffers to be used again: what is left to the collector stays for longer than it is of use. */
let spare: Buffer[] = [];

/** Sends an answer. A client that goes away, or stops reading, ends it: then it is not whole. */
export async function sendBody(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
  headOnly: boolean,
): Promise<Omit<Sent, 'seconds'>> {
  // A client that went away is told by `destroyed` and by the callbacks of writes.
  response.on('error', () => undefined);
  const bodiless = headOnly || status === 304;
  response.writeHead(
    status,
    status === 304 ? headers : { ...headers, 'content-length': String(body.length) },
  );
  if (body instanceof Uint8Array) {
    const whole = await ended(response, bodiless ? undefined : body);
    return { bytes: bodiless || !whole ? 0 : body.length, whole };
  }
  sending += 1;
  try {
    if (bodiless) return { bytes: 0, whole: await ended(response) };
    const bytes = await pump(body, response);
    if (bytes < body.length) {
      response.destroy();
      return { bytes, whole: false };
    }
    return { bytes, whole: await ended(response) };
  } finally {
    sending -= 1;
    await body.close();
  }
}

/** Sends a body piece by piece; gives how many bytes the client's system has taken. */
async function pump(body: Body, response: ServerResponse): Promise<number> {
  const size = pieceSize();
  const buffers = Array.from({ length: Math.min(ahead, Math.ceil(body.length / size)) }, () =>
    takeBuffer(size),
  );
  const inFlight = buffers.map(() => Promise.resolve(true));
  let taken = 0;
  let offset = 0;
  for (let turn = 0; offset < body.length; turn += 1) {
    const at = turn % buffers.length;
    const buffer = buffers[at];
    if (buffer === undefined || !(await inFlight[at]) || response.destroyed) break;
    const length = await body.read(buffer.subarray(0, Math.min(size, body.length - offset)), offset);
    // The client must not take what it has for the whole.
    if (length === 0) break;
    offset += length;
    if (turn % turns === turns - 1) await nextTurn();
    inFlight[at] = written(response, buffer.subarray(0, length)).then((done) => {
      if (done) taken += length;
      return done;
    });
  }
  // Of a connection that broke, the system may still hold a buffer: that one is not used again.
  if ((await Promise.all(inFlight)).every(Boolean)) keepBuffers(buffers);
  return taken;
}

/** A power of two: the fewer bodies are on their way, the larger. */
function pieceSize(): number {
  const share = Math.min(Math.max(memory / sending / ahead, pieces.least), pieces.most);
  return 2 ** Math.floor(Math.log2(share));
}

function takeBuffer(size: number): Buffer {
  const at = spare.findIndex(({ length }) => length === size);
  return spare.splice(at, at === -1 ? 0 : 1)[0] ?? Buffer.allocUnsafeSlow(size);
}

function keepBuffers(buffers: readonly Buffer[]): void {
  // The sizes of late are those that are asked for next.
  spare = [...buffers, ...spare];
  while (spare.reduce((sum, { length }) => sum + length, 0) > memory) spare.pop();
}

/** Whether the client's system took a piece, in time. */
function written(response: ServerResponse, piece: Uint8Array): Promise<boolean> {
  return inTime(response, (done) => response.write(piece, (error) => done(error == null)));
}

/** Ends an answer; whether the client's system took the rest of it, in time. */
function ended(response: ServerResponse, rest?: Uint8Array): Promise<boolean> {
  return inTime(response, (done) => response.end(rest, () => done(true)));
}

function inTime(response: ServerResponse, begin: (done: (taken: boolean) => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), patience);
    const done = (taken: boolean): void => {
      clearTimeout(timer);
      response.off('close', closed);
      resolve(taken);
    };
    const closed = (): void => done(false);
    if (response.destroyed) {
      done(false);
      return;
    }
    response.once('close', closed);
    begin(done);
  });
}
