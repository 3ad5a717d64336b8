import { messageOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Contents } from '../core/serving/contents.ts';
import { type RegistryReport, registryReportKind } from '../core/serving/registry-report.ts';
import type { Tally } from '../core/serving/tally.ts';
import { writeDurably } from '../pool/durable.ts';
import type { AfterCheck } from '../pool/check-served.ts';
import type { HttpServer } from '../system/http-server.ts';

interface Options {
  /** Where the report goes; undefined for none. */
  readonly report: string | undefined;
  /** Of this tool. */
  readonly version: string;
  readonly now: () => number;
  readonly date: () => Date;
  readonly emit: Emit;
}

/** What a report is made from. */
interface Sources {
  readonly tally: Tally;
  readonly server: HttpServer;
  readonly check: AfterCheck;
  readonly contents: Contents;
  readonly listen: string;
  readonly host: string;
}

/** How often the report is brought up to date at most, ms. */
const interval = 2_000;

/**
 * Keeps the report of a registry up to date: from its start, while it serves, and at its end. Each time the file is
 * replaced as a whole. A report that cannot be written is told once, and the registry serves on.
 */
export function keepReport(options: Options, sources: Sources): { close: (reason: string) => Promise<void> } {
  const { report: path, now, date, emit } = options;
  if (path === undefined) return { close: async () => undefined };
  const started = date().toISOString();
  const since = now();
  const describe = (state: RegistryReport['state'], reason: string): RegistryReport => ({
    kind: registryReportKind,
    state,
    reason,
    started,
    seconds: Number(((now() - since) / 1000).toFixed(3)),
    listen: sources.listen,
    tool: `factory-precaching-cli ${options.version}`,
    host: sources.host,
    images: sources.contents.images,
    turnedAway: sources.server.turnedAway(),
    unchecked: sources.check.isBusy(),
    ...sources.tally.counts(),
  });
  let told = false;
  let writing = Promise.resolve();
  const write = (state: RegistryReport['state'], reason: string): Promise<void> => {
    writing = writing
      .then(() => writeDurably(path, `${JSON.stringify(describe(state, reason), undefined, 2)}\n`))
      .catch((error: unknown) => {
        if (!told)
          emit({ type: 'warning', text: `the report ${path} cannot be written: ${messageOf(error)}` });
        told = true;
      });
    return writing;
  };
  let written = -1;
  const update = (): void => {
    const changes = sources.tally.changes() + sources.server.turnedAway();
    if (changes === written) return;
    written = changes;
    void write('serving', '');
  };
  update();
  const timer = setInterval(update, interval);
  return {
    close: async (reason) => {
      clearInterval(timer);
      await write('stopped', reason);
    },
  };
}
