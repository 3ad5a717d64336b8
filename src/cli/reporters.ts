import { DocumentError } from '../core/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit, Event } from '../core/events.ts';
import { formatBytes } from '../core/quantity.ts';
import { exitCodes } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Prints an error for a person on standard error and gives the exit status it maps to. */
export function reportError(error: unknown, terminal: Pick<Terminal, 'err' | 'env' | 'signal'>): number {
  if (error instanceof DocumentError) {
    for (const diagnostic of error.diagnostics)
      terminal.err(`${renderDiagnostic(error.source, diagnostic)}\n`);
  }
  if (error instanceof ToolError) {
    terminal.err(`error: ${error.message}${hintLine(error.hint)}\n`);
    return exitCodes[error.code];
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
  readonly images: number;
  readonly bytes: number;
  received: number;
  imagesDone: number;
}

/** The reporter of a command: a fold over its events into lines on standard error, live on a terminal. */
export function createReporter(terminal: Pick<Terminal, 'err' | 'columns' | 'now'>): {
  emit: Emit;
  finish: () => void;
} {
  const transfer: Transfer = { images: 0, bytes: 0, received: 0, imagesDone: 0 };
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
  const progress = (): void => {
    if ((terminal.now() - lastShown) / 1000 < (live ? liveInterval : plainInterval)) return;
    lastShown = terminal.now();
    const text = `${formatBytes(transfer.received)} of ${formatBytes(transfer.bytes)}, ${transfer.imagesDone} of ${transfer.images} images`;
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
      case 'transfer-planned':
        Object.assign(transfer, { images: event.images, bytes: event.bytes - event.present });
        line(
          `${event.images} images in ${event.blobs} blobs, ${formatBytes(event.bytes)}; ${formatBytes(event.present)} of it is here`,
        );
        break;
      case 'bytes-received':
        transfer.received += event.bytes;
        progress();
        break;
      case 'bytes-discarded':
        transfer.received -= event.bytes;
        progress();
        break;
      case 'image-staged':
        transfer.imagesDone = event.done;
        line(`${event.existed ? 'Exists' : 'Staged'} [${event.done}/${event.total}] ${event.reference}`);
        break;
      case 'image-failed':
        line(`Failed: ${event.reference}: ${event.reason}${hintLine(event.hint)}`);
        break;
      case 'retry':
        line(`retrying ${event.what} (attempt ${event.attempt}): ${event.reason}`);
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
