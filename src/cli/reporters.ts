import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import type { Emit, Event } from '../core/events.ts';
import { formatBytes, formatSeconds } from '../core/quantity.ts';
import { exitCodes } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Mistakes listed of one document: one that is no YAML at all has hundreds. */
const mostShown = 20;

/** Prints an error for a person on standard error and gives the exit status it maps to. */
export function reportError(error: unknown, terminal: Pick<Terminal, 'err' | 'env'>): number {
  if (error instanceof DocumentError) {
    const { source, diagnostics } = error;
    for (const diagnostic of diagnostics.slice(0, mostShown)) {
      terminal.err(`${renderDiagnostic(source, diagnostic)}\n`);
    }
    const more = diagnostics.length - mostShown;
    if (more > 0) terminal.err(`... and ${more} more, which may be consequences of these\n`);
  }
  if (error instanceof ToolError) {
    terminal.err(`error: ${error.message}${hintLine(error.hint)}\n`);
    return exitCodes[error.code];
  }
  // Loading the program itself takes files, too.
  if (systemCodeOf(error) === 'EMFILE') {
    terminal.err(`error: too many open files${hintLine('raise the limit of this process: ulimit -n')}\n`);
    return exitCodes.host;
  }
  const detail =
    error instanceof Error && terminal.env['DEBUG'] ? (error.stack ?? error.message) : String(error);
  terminal.err(`error: this is a defect of factory-precaching-cli, please report it: ${detail}\n`);
  return exitCodes.failed;
}

/** How many seconds apart a line about a running transfer is printed where there is no terminal. */
const plainInterval = 10;
const liveInterval = 0.1;

interface Transfer {
  /** Undefined until the plan is known: what comes before it is small. */
  readonly planned: { readonly images?: number; readonly bytes: number; readonly since: number } | undefined;
  readonly received: number;
  readonly imagesDone: number;
}

/** `4.6 GiB of 9.8 GiB (46 %), 111.2 MiB/s, 48 s left, 12 of 61 images`. */
function progressLine({ planned, received, imagesDone }: Transfer, now: number): string | undefined {
  if (planned === undefined || planned.bytes === 0) return undefined;
  const seconds = (now - planned.since) / 1000;
  const rate = seconds > 0 ? received / seconds : 0;
  const left = rate > 0 ? `, ${formatSeconds(Math.max(0, planned.bytes - received) / rate)} left` : '';
  const share = Math.min(100, Math.floor((100 * received) / planned.bytes));
  const images = planned.images === undefined ? '' : `, ${imagesDone} of ${planned.images} images`;
  return `${formatBytes(received)} of ${formatBytes(planned.bytes)} (${share} %), ${formatBytes(Math.round(rate))}/s${left}${images}`;
}

/** The reporter of a command: a fold over its events into lines on standard error, live on a terminal. */
export function createReporter(terminal: Pick<Terminal, 'err' | 'columns' | 'now'>): {
  emit: Emit;
  finish: () => void;
} {
  let transfer: Transfer = { planned: undefined, received: 0, imagesDone: 0 };
  let lastShown = terminal.now();
  let liveLine = false;
  const live = terminal.columns !== undefined;

  const clearLive = (): void => {
    if (liveLine) terminal.err('\r\u001b[K');
    liveLine = false;
  };
  const line = (text: string): void => {
    clearLive();
    terminal.err(`${text}\n`);
  };
  const progress = (change: Partial<Transfer>): void => {
    transfer = { ...transfer, ...change };
    const now = terminal.now();
    if ((now - lastShown) / 1000 < (live ? liveInterval : plainInterval)) return;
    const text = progressLine(transfer, now);
    if (text === undefined) return;
    lastShown = now;
    if (!live) {
      line(text);
      return;
    }
    liveLine = true;
    terminal.err(`\r\u001b[K${text.slice(0, (terminal.columns ?? 80) - 1)}`);
  };

  const emit = (event: Event): void => {
    switch (event.type) {
      case 'step':
        line(event.text);
        break;
      case 'command':
        line(`+ ${event.argv.map(shellWord).join(' ')}`);
        break;
      case 'warning':
        line(`warning: ${event.text}${hintLine(event.hint)}`);
        break;
      case 'transfer-planned': {
        const { images, blobs, bytes, present } = event;
        line(
          `${images} images in ${blobs} blobs, ${formatBytes(bytes)}; ${formatBytes(present)} of it is here`,
        );
        progress({ planned: { images, bytes: bytes - present, since: terminal.now() }, received: 0 });
        break;
      }
      case 'files-planned': {
        const { task, files, bytes } = event;
        line(`${task} ${files} files, ${formatBytes(bytes)}`);
        progress({ planned: { bytes, since: terminal.now() }, received: 0 });
        break;
      }
      case 'bytes-received':
      case 'bytes-adopted':
      case 'bytes-done':
        progress({ received: transfer.received + event.bytes });
        break;
      case 'bytes-discarded':
        progress({ received: transfer.received - event.bytes });
        break;
      case 'image-staged': {
        const { existed, done, total, component, reference } = event;
        progress({ imagesDone: done });
        line(
          `${existed ? 'Exists' : 'Staged'} [${done}/${total}] ${component === undefined ? '' : `${component} `}${reference}`,
        );
        break;
      }
      case 'image-failed':
        line(`Failed: ${event.reference}: ${event.reason}${hintLine(event.hint)}`);
        break;
      case 'retry':
        line(`retrying in ${formatSeconds(event.pause / 1000)}: ${event.reason}`);
        break;
    }
  };
  return { emit, finish: clearLive };
}

function hintLine(hint: string | undefined): string {
  return hint === undefined ? '' : `\n  hint: ${hint}`;
}

/** A word as a POSIX shell would have to be given it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
