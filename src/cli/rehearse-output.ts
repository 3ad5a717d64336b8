import { stringify } from 'yaml';
import type { StageReport } from '../core/rehearsal/judge-stage.ts';
import { formatBytes, formatSeconds } from '../core/quantity.ts';
import { describeReleases } from '../core/staging/passport.ts';
import type { RehearsalReport } from '../workflows/rehearse-boot.ts';

/** The report as asked for. YAML comes from the same value as JSON. */
export function formatRehearsal(report: RehearsalReport, output: 'text' | 'json' | 'yaml'): string {
  if (output === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (output === 'text') return formatText(report);
  return stringify(report, { aliasDuplicateObjects: false });
}

function formatText(report: RehearsalReport): string {
  const { folder, partition, site, releases, stages, unitProblems, notStaged, allowedMissing } = report;
  const lines = [
    `Folder: ${folder}${partition === null ? ', no partition: its mount and its label were not rehearsed' : `, partition ${partition.label} (${partition.device})`}`,
    `Hooks: ${site === null ? 'as siteconfig writes them' : `${site.file}, cluster ${site.cluster}, node ${site.node}`}`,
    `Release: ${describeReleases(releases)}`,
    ...stages.flatMap(stageLines),
    unitProblems === null
      ? 'Units: not verified, systemd-analyze is not installed'
      : `Units: ${unitProblems.length === 0 ? 'right for systemd' : 'systemd complains'}`,
    ...(unitProblems ?? []).map((line) => `  ${line}`),
    ...notStaged.map(({ reference, reason }) => `Not staged: ${reference}: ${reason}`),
    ...(allowedMissing.length === 0
      ? []
      : [`The site pulls, as --allow-missing has it: ${allowedMissing.join(', ')}`]),
    unchangedLine(report),
    report.passed
      ? `Passed in ${formatSeconds(report.seconds)}.`
      : `Failed after ${formatSeconds(report.seconds)}: this server would not boot from its partition alone.`,
  ];
  return `${lines.join('\n')}\n`;
}

function stageLines(report: StageReport): string[] {
  const { stage, services, images, present, seconds, bytes, storageBytes, missing, leftMounted } = report;
  const loaded = bytes === undefined ? '' : `, ${formatBytes(bytes)}`;
  return [
    `${stage === 'discovery' ? 'Discovery' : 'Installation'}: ${present} of ${images} images${loaded} in ${formatSeconds(seconds)}, ${formatBytes(storageBytes)} in the storage; ${leftMounted.length === 0 ? 'unmounted' : `still mounted on ${leftMounted.join(', ')}`}; ${networkText(report)}`,
    ...(report.registry ? ["  every image was pulled by its name, out of the node's own registry"] : []),
    ...services
      .filter(({ result }) => result !== 'success')
      .map(({ name, result, status }) => `  ${name}: ${result}${status === 0 ? '' : `, status ${status}`}`),
    ...missing.map(({ reference, reason }) => `  missing ${reference}: ${reason}`),
    ...report.log.map((line) => `  | ${line}`),
  ];
}

function networkText({ interfaces, networkAttempts }: StageReport): string {
  const others = interfaces.filter((name) => name !== 'lo');
  if (others.length > 0) return `there was a network: ${others.join(', ')}`;
  return networkAttempts === 0
    ? 'nothing was pulled'
    : `${networkAttempts} times something asked for a network`;
}

function unchangedLine({ unchanged: { proven, by, bytesWritten } }: RehearsalReport): string {
  const counted =
    bytesWritten === null
      ? 'the kernel does not count what is written to it'
      : `${formatBytes(bytesWritten)} written to it`;
  switch (by) {
    case 'files':
      return `The folder ${proven ? 'is as it was' : 'was changed'}: names, sizes and times compared`;
    case 'hash':
      return `The partition ${proven ? 'is as it was, every byte' : 'was changed'} (${counted})`;
    case 'count':
      if (proven) return `The partition is as it was (${counted})`;
      return `Not proven that the partition is as it was: ${counted}. The rehearsal cannot write to it; stop what else does, or use --deep`;
  }
}
