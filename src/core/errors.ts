/**
 * What went wrong, as a closed set. `cli/exit-code.ts` maps each to an exit status; a retry or a test decides
 * by this code, never by the text of a message.
 */
export type ErrorCode =
  | 'failed'
  | 'usage'
  | 'invalid-document'
  | 'unauthorized'
  | 'network'
  | 'integrity'
  | 'not-found'
  | 'host'
  | 'partial'
  | 'interrupted';

/** `hint` says what to do next; it is printed on a line of its own. */
export interface ErrorDetails {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error meant for a person: `message` says what failed and on what, in one line without a secret.
 * Anything else that reaches the process edge is a defect of ours and is reported as one.
 */
export class ToolError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ToolError';
    this.code = code;
    this.hint = details.hint;
  }
}

/** The error of work that a signal ended. */
export function interruptedError(): ToolError {
  return new ToolError('interrupted', 'interrupted', {
    hint: 'what is finished is kept: run the same command again to go on',
  });
}

/** Why a signal ended the work: the error it was aborted with, else an interruption. */
export function abortError({ reason }: AbortSignal): ToolError {
  return reason instanceof ToolError ? reason : interruptedError();
}

/** The error of a thread that could not be started, or ended before its work did. */
export function threadError(thread: string, cause: unknown): ToolError {
  return new ToolError('host', `${thread} cannot run`, {
    hint: 'are there limits of this process for open files, memory or threads? See ulimit -a',
    cause,
  });
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of an error of Node.js or of a library (`ENOENT`, `UND_ERR_SOCKET`), if it has one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
