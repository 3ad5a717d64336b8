import { formatBytes, formatSeconds } from '../core/quantity.ts';
import type { DownloadSummary } from '../workflows/download-images.ts';

/** The closing words of `download`, in the order of the Go tool's. */
export function formatSummary(summary: DownloadSummary, workers: number): string {
  const { failed, seconds, fetchedBytes, stale, staleRemoved, signed, unloadable, staged, existed } = summary;
  const rate = seconds > 0 ? `${formatBytes(Math.round(fetchedBytes / seconds))}/s` : 'at once';
  const rows: [string, string | number][] = [
    ['Release', summary.release ?? 'none'],
    ['Folder', summary.folder],
    ['Workers', workers],
    ['Total images', summary.images],
    ['Downloaded', summary.staged],
    ['Skipped (previously downloaded)', summary.existed],
    ['Left out by the filter', summary.ignored],
    [
      'Stale from earlier runs',
      `${stale}${stale > 0 ? (staleRemoved ? ', removed' : ', kept (--rm-stale removes them)') : ''}`,
    ],
    ...(signed === undefined
      ? []
      : [['Signed', `${signed} of ${staged + existed}`] satisfies [string, string]]),
    ...(unloadable === 0
      ? []
      : [['Not to be loaded (artifacts, sha512)', unloadable] satisfies [string, number]]),
    ['Download failures', failed.length],
    ['Bytes downloaded', `${formatBytes(fetchedBytes)} (${rate})`],
    ['Time for download', formatSeconds(seconds)],
  ];
  const lines = ['Summary', '', ...rows.map(([name, value]) => `${name}: ${value}`)];
  return `${[...lines, ...failed.map(({ reference, reason }) => `Failed: ${reference}: ${reason}`)].join('\n')}\n`;
}
