import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Digest } from '../core/oci/digest.ts';
import { accessLine } from '../core/serving/access-line.ts';
import { contentsOf } from '../core/serving/contents.ts';
import {
  formatListenAddress,
  isLoopback,
  type ListenAddress,
  parseListenAddress,
} from '../core/serving/listen-address.ts';
import { createTally, type Fault } from '../core/serving/tally.ts';
import { createAfterCheck } from '../pool/check-served.ts';
import { createReadPiece } from '../pool/read-piece.ts';
import { requirePool } from '../pool/served-blob.ts';
import { readPassport, resolveFolder } from '../pool/staging-folder.ts';
import { startHttpServer } from '../system/http-server.ts';
import { type LineLog, openLineLog } from '../system/line-log.ts';
import { activatedSocket } from '../system/socket-activation.ts';
import { answerPull, type Pulling } from './answer-pull.ts';
import { faultOf } from './serve-content.ts';
import { keepReport } from './keep-report.ts';

export interface ServeOptions {
  readonly root: string;
  /** Host and port; not looked at where systemd passes a socket. */
  readonly listen: string;
  readonly allowRemote: boolean;
  /** Seconds without a request after which a server that systemd started ends. */
  readonly idleTimeout: number;
  readonly maxConnections: number;
  /** Undefined for none, `-` for `out`. */
  readonly accessLog: string | undefined;
  readonly report: string | undefined;
  /** Of this tool. */
  readonly version: string;
  readonly out: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly date: () => Date;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/**
 * Serves a staging folder as a registry until the signal, or until it was idle for long enough where systemd started
 * it. Writes nothing below the folder. Throws `usage` for an address that others reach, unless that is allowed; `host`
 * when it cannot listen or there is no folder; `not-found` when nothing was staged in it.
 */
export async function serveRegistry(options: ServeOptions): Promise<void> {
  const { signal, emit, now, date, maxConnections } = options;
  const listen = activatedSocket(options.env) ?? parseListenAddress(options.listen);
  if ('host' in listen) requireLoopback(listen, options);
  const folder = await resolveFolder(options.root);
  const passport = await readPassport(folder);
  if (passport === undefined) {
    throw new ToolError(
      'not-found',
      `there is no precache.json in ${options.root}: nothing is staged there`,
      {
        hint: '--root is the staging folder: where the partition is mounted',
      },
    );
  }
  await requirePool(folder);

  const contents = contentsOf(passport);
  const tally = createTally();
  const faults = new Map<Digest, Fault>();
  const blame = (fault: Fault, neededBy: string): void => {
    // What was out of reach once may be there the next time: a limit of open files, a disk that woke up.
    if (fault.state !== 'unreadable' && contents.blobs.has(fault.digest)) faults.set(fault.digest, fault);
    tally.blame(fault, neededBy);
  };
  const check = createAfterCheck(folder, {
    signal,
    tell: (digest, error) => {
      blame(faultOf(digest, error), '');
      emit({ type: 'warning', text: `${error.message}: images that need it are left to the next mirror` });
    },
  });
  const pulling: Pulling = { folder, contents, faults, blame, readPiece: createReadPiece(now) };
  const log = options.accessLog === undefined ? undefined : await openLog(options.accessLog, options.out);
  let lastSent = now();

  const server = await startHttpServer({
    listen,
    maxConnections,
    now,
    answer: (request) => answerPull(request, pulling),
    sent: (request, answer, sent) => {
      lastSent = now();
      const served = { ...answer, ...sent };
      tally.count(served);
      if (answer.fault !== undefined) blame(answer.fault, answer.reference ?? '');
      if (answer.ends !== undefined && sent.whole && request.method === 'GET') check.add(answer.ends);
      const { method, target, from } = request;
      log?.add(accessLine(date().toISOString(), { ...served, method, target, from, reason: answer.reason }));
    },
  });
  const report = keepReport(options, {
    tally,
    server,
    check,
    contents,
    host: hostname(),
    listen: server.address === undefined ? 'a local socket' : formatListenAddress(server.address),
  });
  try {
    if (server.address !== undefined) requireLoopback(server.address, options);
    announce(options, server.address, contents.images);
    const isIdle = (): boolean =>
      server.open() === 0 && !check.isBusy() && now() - lastSent >= options.idleTimeout * 1000;
    const reason = await untilOver('fd' in listen ? isIdle : () => false, signal);
    await server.stop();
    await check.settled();
    await report.close(reason);
  } finally {
    await server.stop();
    await log?.close();
  }
}

function requireLoopback({ host, port }: ListenAddress, { allowRemote }: ServeOptions): void {
  if (allowRemote || isLoopback(host)) return;
  throw new ToolError('usage', `${formatListenAddress({ host, port })} can be reached from other machines`, {
    hint: 'there is no TLS and no password: on a network where everybody may read the images, add --allow-remote',
  });
}

function announce({ root, emit }: ServeOptions, address: ListenAddress | undefined, images: number): void {
  const where = address === undefined ? 'a local socket' : `http://${formatListenAddress(address)}`;
  emit({ type: 'step', text: `Serving ${images} images of ${root} on ${where}` });
  if (address === undefined || isLoopback(address.host)) return;
  emit({
    type: 'warning',
    text: `everybody who reaches ${formatListenAddress(address)} can read every image of ${root}: no TLS, no password`,
    hint: 'clients check every digest; what a tag means they believe this machine and the network between',
  });
}

async function openLog(path: string, out: (text: string) => void): Promise<LineLog> {
  return path === '-' ? { add: out, close: async () => undefined } : openLineLog(path);
}

/** How often it is looked whether a server is idle, ms. */
const idleCheck = 250;

/** Waits until a server is idle, or its signal; gives what ended it. */
async function untilOver(isIdle: () => boolean, signal: AbortSignal): Promise<string> {
  while (!signal.aborted) {
    if (isIdle()) return 'idle';
    await pause(idleCheck, undefined, { signal }).catch(() => undefined);
  }
  return 'ended by a signal';
}
