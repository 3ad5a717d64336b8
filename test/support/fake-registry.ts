import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Access, type Gate, makeGate } from './fake-registry/access.ts';
import type { Answer, Fault, Request, Serve } from './fake-registry/answer.ts';
import { type Content, makeContent } from './fake-registry/content.ts';
import { deliver } from './fake-registry/delivery.ts';
import type { ReferrersApi } from './fake-registry/referrers.ts';

/** A request that came, and what went back. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** What follows the `?`, as in `scope=a&scope=b`. */
  readonly query: string;
  readonly range: string | undefined;
  /** Scheme of the Authorization header. */
  readonly authorization: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
  /** Bytes of the body sent so far. */
  readonly bytes: number;
}

/**
 * Applies `fault` to the requests whose path contains or matches `path`, `times` times (always, if not said). What
 * is refused for want of credentials does not count.
 */
export interface FaultRule {
  readonly path: string | RegExp;
  readonly fault: Fault;
  readonly times?: number;
  readonly method?: 'GET' | 'HEAD';
}

/** The pull side of a registry in this process, on a free port of 127.0.0.1, with faults on demand. */
export interface FakeRegistry extends Omit<Content, 'serve'>, Pick<Gate, 'revokeTokens'> {
  /** What references begin with: `127.0.0.1:4711`. */
  readonly host: string;
  /** `http://127.0.0.1:4711`, or `https://…`. */
  readonly url: string;
  /** Every request, the oldest first. */
  readonly log: readonly LoggedRequest[];
  /** Adds a rule. Of the rules that fit a request the first one added that is not used up applies. */
  fault(rule: FaultRule): void;
  /** Forgets all rules. */
  heal(): void;
  close(): Promise<void>;
}

export interface FakeRegistryOptions {
  readonly access?: Access;
  /** Whether and how it lists referrers. */
  readonly referrers?: ReferrersApi;
  /** PEM texts; plain HTTP without them. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** Starts a registry without content: references need its port, so a set is generated and added after the start. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const { tls } = options;
  const server = tls ? createTlsServer({ key: tls.key, cert: tls.certificate }) : createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${tls ? 'https' : 'http'}://${host}`;

  const { serve, ...content } = makeContent(options.referrers);
  const gate = makeGate(options.access ?? { scheme: 'anonymous' }, url);
  const rules = makeRules();
  const log: LoggedRequest[] = [];
  const answerTo = (request: Request): Answer => {
    const refusal = gate.refuse(request);
    if (refusal !== undefined) return refusal;
    const sound: Serve = (request) => gate.serveToken(request) ?? serve(request);
    return rules.faultFor(request)?.(request, sound) ?? sound(request);
  };
  server.on('request', (incoming, response) => {
    const request = read(incoming);
    const answer = answerTo(request);
    const entry = { ...logged(request), status: answer.status, bytes: 0 };
    log.push(entry);
    void deliver(answer, response, request.method !== 'HEAD', (bytes) => {
      entry.bytes += bytes;
    });
  });
  return {
    host,
    url,
    log,
    ...content,
    revokeTokens: gate.revokeTokens,
    fault: rules.add,
    heal: rules.clear,
    close: () => close(server),
  };
}

function read(incoming: IncomingMessage): Request {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://registry');
  const path = decodeURIComponent(pathname);
  return { method: incoming.method ?? 'GET', path, query: searchParams, headers: incoming.headers };
}

function logged({ method, path, query, headers }: Request): Omit<LoggedRequest, 'status' | 'bytes'> {
  const authorization = headers.authorization?.split(' ')[0];
  return { method, path, query: query.toString(), range: headers.range, authorization, headers };
}

function makeRules() {
  let rules: { rule: FaultRule; left: number }[] = [];
  const fits = ({ path, method }: FaultRule, request: Request): boolean =>
    (method === undefined || method === request.method) &&
    (typeof path === 'string' ? request.path.includes(path) : path.test(request.path));
  return {
    add: (rule: FaultRule) => {
      rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
    },
    clear: () => {
      rules = [];
    },
    faultFor: (request: Request): Fault | undefined => {
      const found = rules.find(({ rule, left }) => left > 0 && fits(rule, request));
      if (found === undefined) return undefined;
      found.left -= 1;
      return found.rule.fault;
    },
  };
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
