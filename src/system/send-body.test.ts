import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HttpAnswer, Sent } from './http-answer.ts';
import { sendBody } from './send-body.ts';

const mebibyte = 1024 * 1024;

let server: Server;
let answer: HttpAnswer;
let outcome: Promise<Omit<Sent, 'seconds'>>;
let closed: number;
const asked: Socket[] = [];

beforeEach(async () => {
  closed = 0;
  server = createServer((request, response) => {
    outcome = sendBody(response, answer, request.method === 'HEAD');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  for (const socket of asked.splice(0)) socket.destroy();
  server.close();
});

/** A body of `length` bytes that a file has `there` of. */
const body = (length: number, there = length): HttpAnswer => ({
  status: 200,
  headers: {},
  body: {
    length,
    read: (buffer, offset) => {
      const bytes = Math.max(0, Math.min(buffer.length, there - offset));
      buffer.fill(7, 0, bytes);
      return bytes;
    },
    close: async () => {
      closed += 1;
    },
  },
});
const ask = (method = 'GET') =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method });

describe('a body that is read while it is sent', () => {
  it('arrives whole, and is closed', async () => {
    answer = body(20 * mebibyte + 1);
    const bytes = Buffer.from(await (await ask()).arrayBuffer());
    expect(bytes.equals(Buffer.alloc(20 * mebibyte + 1, 7))).toBe(true);
    expect(await outcome).toEqual({ bytes: bytes.length, whole: true });
    expect(closed).toBe(1);
  });

  it('is not read for HEAD, and closed', async () => {
    answer = body(5);
    expect((await ask('HEAD')).headers.get('content-length')).toBe('5');
    expect(await outcome).toEqual({ bytes: 0, whole: true });
    expect(closed).toBe(1);
  });

  it('is cut off where its file ends early', async () => {
    answer = body(3 * mebibyte, mebibyte);
    await expect(ask().then((given) => given.arrayBuffer())).rejects.toThrow();
    expect(await outcome).toEqual({ bytes: mebibyte, whole: false });
    expect(closed).toBe(1);
  });

  it('is ended when its client reads nothing for a minute', async () => {
    answer = body(200 * mebibyte);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    asked.push(socket);
    socket.pause();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
    // What the system takes by itself moves on; what it does not is waited for.
    const waiting = setInterval(() => vi.advanceTimersByTime(60_000), 100);
    const { bytes, whole } = await outcome;
    clearInterval(waiting);
    expect(whole).toBe(false);
    expect(bytes).toBeLessThan(200 * mebibyte);
    expect(closed).toBe(1);
  });
});
