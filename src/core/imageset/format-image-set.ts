import { formatReference } from '../oci/reference.ts';
import type { ImageSet, PlatformChannel, PlatformRequest } from './configuration.ts';
import type { CatalogRequest, ChannelRequest, PackageRequest } from './image-set.ts';

/** An image set as a document that `readImageSet` and oc-mirror of its version read. */
export function formatImageSet(imageSet: ImageSet): string {
  const { rules, platform, catalogs, additionalImages, blockedImages } = imageSet;
  const sections = [
    ...section('platform', linesOfPlatform(platform)),
    ...section(
      'additionalImages',
      list(additionalImages.map((image) => [field('name', formatReference(image))])),
    ),
    ...section('operators', list(catalogs.map(linesOfCatalog))),
    ...section('blockedImages', list(blockedImages.map((pattern) => [field('name', pattern)]))),
  ];
  const document = [
    `apiVersion: mirror.openshift.io/${rules}`,
    'kind: ImageSetConfiguration',
    ...(sections.length === 0 ? ['mirror: {}'] : section('mirror', sections)),
  ];
  return `${document.join('\n')}\n`;
}

function linesOfPlatform({ architectures, channels, release }: PlatformRequest): string[] {
  return [
    ...section('architectures', list(architectures.map((name) => [scalar(name)]))),
    ...section('channels', list(channels.map(linesOfPlatformChannel))),
    ...(release === undefined ? [] : [field('release', formatReference(release))]),
  ];
}

function linesOfPlatformChannel({ name, shortestPath, full, ...range }: PlatformChannel): string[] {
  return [
    field('name', name),
    ...texts(range),
    ...(shortestPath ? ['shortestPath: true'] : []),
    ...(full ? ['full: true'] : []),
  ];
}

function linesOfCatalog({ catalog, full, packages }: CatalogRequest): string[] {
  return [
    field('catalog', formatReference(catalog)),
    ...(full ? ['full: true'] : []),
    ...section('packages', list(packages.map(linesOfPackage))),
  ];
}

function linesOfPackage({ name, channels, bundles, ...rest }: PackageRequest): string[] {
  return [
    field('name', name),
    ...texts(rest),
    ...section('channels', list(channels.map(linesOfChannel))),
    ...section('bundles', list(bundles.map((bundle) => [field('name', bundle)]))),
  ];
}

function linesOfChannel({ name, ...rest }: ChannelRequest): string[] {
  return [field('name', name), ...texts(rest)];
}

function texts(values: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [field(key, value)]));
}

function section(key: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${key}:`, ...lines.map((line) => `  ${line}`)];
}

function list(items: readonly (readonly string[])[]): string[] {
  return items.flatMap((lines) => lines.map((line, index) => `${index === 0 ? '-' : ' '} ${line}`));
}

function field(key: string, value: string): string {
  return `${key}: ${scalar(value)}`;
}

const plain = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z][a-z0-9]*(?:[-./:@][A-Za-z0-9]+)*$/;
const quotable = /^[ -&(-~]*$/;

/** Plain where no YAML reader of any version can take it for anything but a text. */
function scalar(text: string): string {
  if (plain.test(text)) return text;
  return quotable.test(text) ? `'${text}'` : JSON.stringify(text);
}
