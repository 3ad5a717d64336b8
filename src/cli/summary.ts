import { formatBytes, formatSeconds } from '../core/quantity.ts';
import { describeReleases } from '../core/staging/passport.ts';
import type { AppliedBundle } from '../workflows/bundle-apply.ts';
import type { DownloadSummary } from '../workflows/download-images.ts';

/** The closing words of `download`, in the order of the Go tool's. */
export function formatSummary(summary: DownloadSummary, workers: number): string {
  const { failed, seconds, fetchedBytes, baseBytes, stale, staleRemoved, signed, unloadable, files } =
    summary;
  const rate = seconds > 0 ? `${formatBytes(Math.round(fetchedBytes / seconds))}/s` : 'at once';
  const rows: [string, string | number][] = [
    ['Release', describeReleases(summary.releases)],
    ['Folder', summary.folder],
    ['Workers', workers],
    ['Total images', summary.images],
    ['Downloaded', summary.staged],
    ['Skipped (previously downloaded)', summary.existed],
    ['Left out by the filter', summary.ignored],
    ...(files === 0 ? [] : [['Files of RHCOS', files] satisfies [string, number]]),
    ...(summary.nodeRegistry === undefined
      ? []
      : [['Node registry, SHA-256', summary.nodeRegistry] satisfies [string, string]]),
    ['Stale from earlier runs', staleText(stale, staleRemoved)],
    ...(signed === undefined
      ? []
      : [['Signed', `${signed} of ${summary.staged + summary.existed}`] satisfies [string, string]]),
    ...(unloadable === 0
      ? []
      : [['Not to be loaded (artifacts, sha512)', unloadable] satisfies [string, number]]),
    ['Download failures', failed.length],
    ['Bytes downloaded', `${formatBytes(fetchedBytes)} (${rate})`],
    ...(baseBytes > 0 ? [['Bytes from --base', formatBytes(baseBytes)] satisfies [string, string]] : []),
    ['Time for download', formatSeconds(seconds)],
  ];
  const lines = ['Summary', '', ...rows.map(([name, value]) => `${name}: ${value}`)];
  return `${[...lines, ...failed.map(({ reference, reason }) => `Failed: ${reference}: ${reason}`)].join('\n')}\n`;
}

/** The closing words of `bundle apply`. */
export function formatApplied(applied: AppliedBundle): string {
  const { stale, staleRemoved } = applied;
  const rows: [string, string | number][] = [
    ['Folder', applied.folder],
    ['Release', describeReleases(applied.releases)],
    ['Images', applied.images],
    ['Blobs added', `${applied.added} (${formatBytes(applied.bytes)})`],
    ['Stale from before', staleText(stale, staleRemoved)],
    ['Time', formatSeconds(applied.seconds)],
  ];
  return `${rows.map(([name, value]) => `${name}: ${value}`).join('\n')}\n`;
}

function staleText(stale: number, removed: boolean): string {
  if (stale === 0) return '0';
  return `${stale}, ${removed ? 'removed' : 'kept (--rm-stale removes them)'}`;
}
