import type { BootReport } from './boot-report.ts';

/** A report and the file it is from. */
export interface NamedBootReport {
  readonly file: string;
  readonly report: BootReport;
}

/** One run of a boot script, in numbers. */
export interface BootRun
  extends Pick<
    BootReport,
    | 'group'
    | 'state'
    | 'reason'
    | 'references'
    | 'bytes'
    | 'seconds'
    | 'peakExtraBytes'
    | 'storageBytes'
    | 'restoredMilliseconds'
    | 'tool'
  > {
  readonly file: string;
  /** The server's name; the file's, where the server had none of its own yet. */
  readonly server: string;
  readonly stage: 'discovery' | 'installation';
  readonly loaded: number;
  readonly skipped: number;
  /** Images that are not in the storage, whether they were tried or not. */
  readonly missing: number;
}

/** What several runs come to. */
export interface BootSummary {
  readonly runs: readonly BootRun[];
  readonly totals: Readonly<
    Record<'runs' | 'complete' | 'references' | 'loaded' | 'skipped' | 'missing' | 'bytes', number>
  >;
  /** The images that took longest, the slowest first. */
  readonly slowest: readonly {
    readonly server: string;
    readonly reference: string;
    readonly seconds: number;
  }[];
  readonly failures: readonly {
    readonly server: string;
    readonly reference: string;
    readonly reason: string;
  }[];
}

const slowestShown = 5;

/** Sums reports up, in the order given. */
export function summarizeBoots(reports: readonly NamedBootReport[]): BootSummary {
  const runs = reports.map(describeRun);
  const sum = (of: (run: BootRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const each = <Item>(of: (report: BootReport) => readonly Item[]): (Item & { server: string })[] =>
    reports.flatMap(({ report }, at) =>
      of(report).map((item) => ({ server: runs[at]?.server ?? '', ...item })),
    );
  return {
    runs,
    totals: {
      runs: runs.length,
      complete: runs.filter(({ state }) => state === 'complete').length,
      references: sum(({ references }) => references),
      loaded: sum(({ loaded }) => loaded),
      skipped: sum(({ skipped }) => skipped),
      missing: sum(({ missing }) => missing),
      bytes: sum(({ bytes }) => bytes),
    },
    slowest: each(({ loaded }) => loaded)
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, slowestShown)
      .map(({ server, reference, seconds }) => ({ server, reference, seconds })),
    failures: each(({ failed }) => failed),
  };
}

/** Whether every image of every list is in its storage. */
export function allComplete({ totals }: BootSummary): boolean {
  return totals.complete === totals.runs;
}

function describeRun({ file, report }: NamedBootReport): BootRun {
  const { group, references, host = '' } = report;
  const [loaded, skipped] = [report.loaded.length, report.skipped.length];
  const { state, reason, bytes, seconds, peakExtraBytes, storageBytes, restoredMilliseconds, tool } = report;
  return {
    file,
    server: host === '' || /^localhost(?:\.|$)/.test(host) ? file : host,
    stage: group === 'ai' ? 'discovery' : 'installation',
    group,
    references,
    loaded,
    skipped,
    missing: Math.max(references - loaded - skipped, report.failed.length),
    state,
    reason,
    bytes,
    seconds,
    peakExtraBytes,
    storageBytes,
    restoredMilliseconds,
    tool,
  };
}
