import { stringify } from 'yaml';
import { formatBytes, formatSeconds } from '../core/quantity.ts';
import { describeReleases } from '../core/staging/passport.ts';
import type { PlanReport } from '../workflows/plan-images.ts';
import { fileLine } from './preview.ts';
import { textTable } from './text-table.ts';

/** The report as asked for. YAML comes from the same value as JSON. */
export function formatPlan(report: PlanReport, output: 'text' | 'json' | 'yaml'): string {
  if (output === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (output === 'text') return formatText(report);
  return stringify(report, { aliasDuplicateObjects: false });
}

function formatText(report: PlanReport): string {
  const { size, toFetch, downloadSeconds, space, failed, ignored, files, wan } = report;
  const lines = [
    ...portionTable(report),
    '',
    ...layoutTable(report),
    '',
    `Release: ${describeReleases(report.releases)}`,
    `Images: ${size.images} in ${size.blobs} blobs`,
    `Bytes: ${formatBytes(size.uniqueBytes)}; ${formatBytes(size.bytes)} image by image, so ${formatBytes(size.bytes - size.uniqueBytes)} are duplicates`,
    `Staged already: ${formatBytes(report.stagedBytes)}`,
    `To be downloaded: ${toFetch.blobs} blobs, ${formatBytes(toFetch.bytes)}${downloadSeconds === undefined ? '' : `, ${formatSeconds(downloadSeconds)}`}`,
    ...files.map(fileLine),
    `Left out by the filter: ${ignored.length}`,
    ...(report.missed.length === 0
      ? []
      : [`Left out although the installation needs it: ${report.missed.join(', ')}`]),
    ...(space === undefined
      ? []
      : [
          `Space needed: ${formatBytes(space.needed.bytes)}, ${space.needed.files} inodes; free: ${formatBytes(space.free.bytes)}`,
        ]),
    ...failed.map(({ reference, reason }) => `Failed: ${reference}: ${reason}`),
    ...(space?.shortage === undefined ? [] : [`Too little room: ${space.shortage}`]),
    ...(wan ?? []).flatMap(wanLines),
  ];
  return `${lines.join('\n')}\n`;
}

function portionTable({ size }: PlanReport): string[] {
  return textTable(
    ['stage', 'source', 'images', 'bytes', 'unique'],
    size.portions.map(({ group, source, images, bytes, uniqueBytes }) => [
      group === 'ai' ? 'discovery' : 'installation',
      source,
      String(images),
      formatBytes(bytes),
      formatBytes(uniqueBytes),
    ]),
  );
}

function layoutTable({ size, loadSeconds }: PlanReport): string[] {
  return textTable(
    ['format', 'on the partition', 'partition to ask for', 'load in discovery', 'load in installation'],
    (['pool', 'archive', 'storage'] as const).map((layout) => {
      const { bytes, partition, estimated } = size.layouts[layout];
      const { discovery, installation } = loadSeconds[layout];
      return [
        layout,
        `${estimated ? 'about ' : ''}${formatBytes(bytes)}`,
        formatBytes(partition),
        `about ${formatSeconds(discovery)}`,
        installation === 0 ? 'none' : `about ${formatSeconds(installation)}`,
      ];
    }),
  );
}

function wanLines({ cluster, pulls, bytes }: NonNullable<PlanReport['wan']>[number]): string[] {
  return [
    '',
    `${cluster} will still pull ${formatBytes(bytes)} or more over its WAN:`,
    ...pulls.flatMap((pull) => [
      `  ${pull.what} (${pull.bytes === undefined ? 'size not known' : formatBytes(pull.bytes)})`,
      `    ${pull.because}`,
      ...(pull.remedy === undefined ? [] : [`    hint: ${pull.remedy}`]),
    ]),
  ];
}
