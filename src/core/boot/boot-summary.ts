import type { RegistryReport } from '../serving/registry-report.ts';
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
    | 'registry'
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
  /** What this boot fell back from, and why. */
  readonly steps: readonly string[];
}

/** The report of a node's registry and the file it is from. */
export interface NamedRegistryReport {
  readonly file: string;
  readonly report: RegistryReport;
}

/** One run of a node's registry, in numbers. */
export interface RegistryRun
  extends Pick<
    RegistryReport,
    'state' | 'requests' | 'refused' | 'aborted' | 'turnedAway' | 'bytes' | 'seconds' | 'elsewhere' | 'faults'
  > {
  readonly file: string;
  readonly server: string;
  /** Names under which it handed out manifests. */
  readonly references: number;
}

/** What several runs come to. */
export interface BootSummary {
  readonly runs: readonly BootRun[];
  readonly registries: readonly RegistryRun[];
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
export function summarizeBoots(
  reports: readonly NamedBootReport[],
  registries: readonly NamedRegistryReport[] = [],
): BootSummary {
  const runs = reports.map(describeRun);
  const sum = (of: (run: BootRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const each = <Item>(of: (report: BootReport) => readonly Item[]): (Item & { server: string })[] =>
    reports.flatMap(({ report }, at) =>
      of(report).map((item) => ({ server: runs[at]?.server ?? '', ...item })),
    );
  return {
    runs,
    registries: registries.map(describeRegistry),
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

/** Whether every image of every list is in its storage, and no registry found its partition damaged. */
export function allComplete({ totals, registries }: BootSummary): boolean {
  return totals.complete === totals.runs && registries.every(({ faults }) => faults.length === 0);
}

function describeRegistry({ file, report }: NamedRegistryReport): RegistryRun {
  const { state, requests, refused, aborted, turnedAway, bytes, seconds, elsewhere, faults } = report;
  return {
    file,
    server: serverOf(file, report.host),
    references: report.references.length,
    state,
    requests,
    refused,
    aborted,
    turnedAway,
    bytes,
    seconds,
    elsewhere,
    faults,
  };
}

/** A server's name; that of the file where it had none of its own yet. */
function serverOf(file: string, host = ''): string {
  return host === '' || /^localhost(?:\.|$)/.test(host) ? file : host;
}

function describeRun({ file, report }: NamedBootReport): BootRun {
  const { group, references, host } = report;
  const [loaded, skipped] = [report.loaded.length, report.skipped.length];
  const { state, reason, bytes, seconds, peakExtraBytes, storageBytes, restoredMilliseconds, tool } = report;
  const { registry, steps = [] } = report;
  return {
    file,
    server: serverOf(file, host),
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
    registry,
    steps,
    tool,
  };
}
