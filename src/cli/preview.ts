import { formatBytes } from '../core/quantity.ts';
import { describeReleases } from '../core/staging/passport.ts';
import type { DownloadPreview } from '../workflows/preview-download.ts';

/** What `download --dry-run` found, for people: the images first, then the sums. */
export function formatPreview(preview: DownloadPreview): string {
  const { images, files, failed, blobs, space, stale } = preview;
  const lines = images.map(({ reference, component, exists, bytes, missingBytes }) => {
    const name = component === undefined ? reference : `${component} ${reference}`;
    if (exists) return `Exists: ${name}`;
    return `Would stage: ${name} (${formatBytes(missingBytes)} of ${formatBytes(bytes)} missing)`;
  });
  const word = stale.removed ? 'Would remove' : 'Stale';
  const free = `${formatBytes(space.free.bytes)}${space.free.files === undefined ? '' : `, ${space.free.files} inodes`}`;
  const rows: [string, string | number][] = [
    ['Release', describeReleases(preview.releases)],
    ['Folder', preview.folder],
    ['Format', preview.format],
    ['Total images', images.length + failed.length],
    ['Exist already', images.filter(({ exists }) => exists).length],
    ['Left out by the filter', preview.ignored.length],
    ['Blobs', `${blobs.count}, ${formatBytes(blobs.bytes)}`],
    ['To be downloaded', `${blobs.fetched} blobs, ${formatBytes(blobs.fetchedBytes)}`],
    ...(blobs.reusedBytes === 0
      ? []
      : [['Taken from archives', formatBytes(blobs.reusedBytes)] satisfies [string, string]]),
    ['Space needed', `${formatBytes(space.needed.bytes)}, ${space.needed.files} inodes`],
    ['Space free', free],
    [
      'Stale from earlier runs',
      `${stale.artifacts.length + stale.archives.length + stale.stored.length} images, ${stale.blobs} blobs, ${formatBytes(stale.bytes)}`,
    ],
  ];
  return [
    ...lines,
    ...files.map(fileLine),
    ...stale.artifacts.map((artifact) => `${word}: images/${artifact}`),
    ...stale.archives.map((artifact) => `${word}: ${artifact}.tgz`),
    ...stale.stored.map((reference) => `${word}: ${reference} in storage`),
    ...stale.files.map((name) => `${word}: artifacts/${name}`),
    ...failed.map(({ reference, reason }) => `Failed: ${reference}: ${reason}`),
    'Dry run: nothing was written',
    '',
    ...rows.map(([name, value]) => `${name}: ${value}`),
    ...(space.shortage === undefined ? [] : [`Too little room: ${space.shortage}`]),
    '',
  ].join('\n');
}

/** A file of RHCOS, and whether it is there. */
export function fileLine({ name, source, size, exists }: DownloadPreview['files'][number]): string {
  const amount = size === undefined ? 'size not known' : formatBytes(size);
  return `${exists ? 'Exists' : 'Would stage'}: artifacts/${name} from ${source} (${amount})`;
}
