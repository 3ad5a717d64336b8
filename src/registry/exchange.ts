import type { Dispatcher } from 'undici';
import { abortError } from '../core/errors.ts';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface Head {
  readonly status: number;
  readonly headers: Headers;
}

/** Takes a piece of the body; a promise stops the reading until it settles. Throwing ends the exchange. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined;

export interface Request {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * One HTTP request and its answer. `open` sees the head and says where the body goes. Resolves when the whole body
 * was taken. Uses the dispatcher directly: on large blobs it costs less than a stream per answer.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Request,
  open: (head: Head) => TakeChunk,
): Promise<Head> {
  const { url, method, headers, body, signal } = request;
  return new Promise<Head>((resolve, reject) => {
    let head: Head | undefined;
    let take: TakeChunk = ignore;
    let written: Promise<void> | undefined;
    let abort = (reason: Error): void => reject(reason);
    const onAbort = (): void => abort(abortError(signal));
    const settle = (done: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      done();
    };
    if (signal.aborted) return settle(onAbort);
    signal.addEventListener('abort', onAbort, { once: true });

    dispatcher.dispatch(
      { origin: url.origin, path: url.pathname + url.search, method, headers, body: body ?? null },
      {
        onRequestStart(controller) {
          abort = (reason) => controller.abort(reason);
          if (signal.aborted) onAbort();
        },
        onResponseStart(controller, status, responseHeaders) {
          head = { status, headers: responseHeaders };
          try {
            take = open(head);
          } catch (error) {
            fail(controller, error);
          }
        },
        onResponseData(controller, chunk) {
          // Resuming flushes the parser, which gives an empty piece.
          if (chunk.length === 0) return;
          try {
            written = take(chunk);
          } catch (error) {
            fail(controller, error);
            return;
          }
          if (written === undefined) return;
          controller.pause();
          written.then(
            () => controller.resume(),
            (error: unknown) => fail(controller, error),
          );
        },
        onResponseEnd() {
          Promise.resolve(written).then(
            () => settle(() => (head === undefined ? reject(new Error('no answer')) : resolve(head))),
            (error: unknown) => settle(() => reject(error)),
          );
        },
        onResponseError(_controller, error) {
          settle(() => reject(error));
        },
      },
    );
  });
}

const ignore: TakeChunk = () => undefined;

function fail(controller: Dispatcher.DispatchController, error: unknown): void {
  controller.abort(error instanceof Error ? error : new Error(String(error)));
}

/** Every value of a header that may be repeated, as one list (RFC 9110, 5.3). */
export function headerList(headers: Headers, name: string): string {
  const value = headers[name] ?? '';
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The one value of a header that must not be repeated. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Collects a body up to a limit; one byte more ends the exchange with the error that `tooLarge` makes. */
export function collect(limit: number, tooLarge: () => Error): { take: TakeChunk; bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  let length = 0;
  const take: TakeChunk = (chunk) => {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
    return undefined;
  };
  return { take, bytes: () => Buffer.concat(chunks) };
}
