import { formatBytes, formatSeconds } from '../core/quantity.ts';
import { damages, type Finding } from '../core/staging/damage.ts';
import { describeReleases } from '../core/staging/passport.ts';
import type { RepairReport } from '../workflows/repair-staging.ts';
import type { VerifyReport } from '../workflows/verify-staging.ts';

/** The report for people: each image, the damaged ones last, then the sums. */
export function formatReport(report: VerifyReport | RepairReport): string {
  const { images, other, foreign, files, bytes, seconds, whole } = report;
  const rate = seconds > 0 ? `, ${formatBytes(Math.round(bytes / seconds))}/s` : '';
  const count = (state: string): number => images.filter((image) => image.state === state).length;
  const repaired = 'repaired' in report ? [repairedLine(report.repaired)] : [];
  const lines = [
    ...[...images]
      .toSorted((a, b) => Number(a.state !== 'ok') - Number(b.state !== 'ok'))
      .flatMap(({ state, component, reference, findings }) => [
        `${state.padEnd(10)}${component === undefined ? '' : `${component} `}${reference}`,
        ...findings.map(findingLine),
      ]),
    ...other.map((finding) => `${finding.damage.padEnd(10)}${finding.path}: ${finding.reason}`),
    ...foreign.map((path) => `foreign   ${path}`),
    '',
    `Folder: ${report.folder}`,
    `Release: ${describeReleases(report.releases)}`,
    `Images: ${['ok', ...damages].map((state) => `${count(state)} ${state}`).join(', ')}`,
    `Other damage: ${other.length}`,
    `Foreign files: ${foreign.length}${foreign.length > 0 ? ', left alone' : ''}`,
    `Read: ${files} files, ${formatBytes(bytes)} in ${formatSeconds(seconds)}${rate}`,
    ...repaired,
    whole ? 'Everything is whole.' : 'There is damage.',
  ];
  return `${lines.join('\n')}\n`;
}

function findingLine({ path, reason }: Finding): string {
  return `          ${path}: ${reason}`;
}

function repairedLine({ blobs, bytes, images, lists, files, executable }: RepairReport['repaired']): string {
  const ofRhcos = files === 0 ? '' : `, ${files} files of RHCOS`;
  return `Repaired: ${blobs} blobs (${formatBytes(bytes)}), ${images} image folders, ${lists} lists${ofRhcos}${executable ? ', the executable' : ''}`;
}
