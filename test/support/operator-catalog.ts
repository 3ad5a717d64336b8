import { stringify } from 'yaml';
import { digestOf } from './blob-folder.ts';
import { seededBytes } from './seeded.ts';
import { type TarEntry, textFile } from './tar.ts';

/** An operator as the generator knows it: versions from old to new, in each channel one replacing the other. */
export interface OperatorShape {
  readonly name: string;
  readonly defaultChannel: string;
  readonly channels: Readonly<Record<string, readonly string[]>>;
  /** Versions whose bundles `olm.deprecations` names. */
  readonly deprecated?: readonly string[];
  /** A package that each of its bundles requires, in any version. */
  readonly requires?: string;
}

/** How a catalog is written. `split`: a file for each document, in folders of folders. */
export interface CatalogShape {
  readonly format: 'json' | 'yaml';
  readonly layout: 'one' | 'folders' | 'split';
  /** Where it lies in the image; `configs` if not said. */
  readonly root?: string;
}

export function bundleName({ name }: OperatorShape, version: string): string {
  return `${name}.v${version}`;
}

/** The images that versions of an operator need, sorted: the bundle's, the operand's, and one that all operators share. */
export function operatorImages(operator: OperatorShape, versions: readonly string[]): readonly string[] {
  const own = versions.flatMap((version) => [
    bundleImage(operator, version),
    operandImage(operator, version),
  ]);
  return [...new Set([...own, ...(versions.length > 0 ? [proxyImage] : [])])].toSorted();
}

const proxyImage = `registry.test/shared/kube-rbac-proxy@${digestOf('kube-rbac-proxy')}`;

function bundleImage({ name }: OperatorShape, version: string): string {
  return `registry.test/${name}/${name}-bundle@${digestOf(`bundle ${name} ${version}`)}`;
}

/** By tag: a few related images of real catalogs are. */
function operandImage({ name }: OperatorShape, version: string): string {
  return `registry.test/${name}/${name}:v${version}`;
}

/** The documents of an operator (file-based catalogs): package, channels, bundles, deprecations. */
export function documentsOf(operator: OperatorShape): readonly object[] {
  const { name, defaultChannel, channels, deprecated = [] } = operator;
  const versions = [...new Set(Object.values(channels).flat())];
  return [
    {
      schema: 'olm.package',
      name,
      defaultChannel,
      icon: { base64data: filler(name, 300), mediatype: 'image/png' },
    },
    ...Object.entries(channels).map(([channel, list]) => ({
      schema: 'olm.channel',
      package: name,
      name: channel,
      entries: list.map((version, index) => {
        const previous = list[index - 1];
        return {
          name: bundleName(operator, version),
          ...(previous === undefined ? {} : { replaces: bundleName(operator, previous) }),
        };
      }),
    })),
    ...versions.map((version) => bundleDocument(operator, version)),
    ...(deprecated.length === 0
      ? []
      : [
          {
            schema: 'olm.deprecations',
            package: name,
            entries: deprecated.map((version) => ({
              reference: { schema: 'olm.bundle', name: bundleName(operator, version) },
              message: `${version} is out of support.\nUpdate.\n`,
            })),
          },
        ]),
  ];
}

/** With the pitfalls of real ones: other packages' names below the top level, brackets and quotes in strings. */
function bundleDocument(operator: OperatorShape, version: string): object {
  const { name } = operator;
  return {
    schema: 'olm.bundle',
    name: bundleName(operator, version),
    package: name,
    image: bundleImage(operator, version),
    properties: [
      { type: 'olm.gvk', value: { group: `${name}.test`, kind: 'Thing', version: 'v1' } },
      { type: 'olm.package', value: { packageName: name, version } },
      ...(operator.requires === undefined
        ? []
        : [
            {
              type: 'olm.package.required',
              value: { packageName: operator.requires, versionRange: '>=0.0.1' },
            },
          ]),
      {
        type: 'olm.csv.metadata',
        value: { annotations: { 'alm-examples': '[{"package": "other"}, {"schema": "}{][\\"' } },
      },
      { type: 'olm.bundle.object', value: { data: filler(`${name} ${version}`, 2000) } },
      { type: 'olm.dependency', value: { schema: 'olm.package', package: 'other', name: 'other' } },
    ],
    relatedImages: [
      { name: 'operand', image: operandImage(operator, version) },
      { name: '', image: bundleImage(operator, version) },
      { name: 'kube-rbac-proxy', image: proxyImage },
    ],
  };
}

/** The catalog of some operators as the files of a layer. */
export function catalogFiles(
  operators: readonly OperatorShape[],
  { format, layout, root = 'configs' }: CatalogShape,
): readonly TarEntry[] {
  const write = (path: string, documents: readonly object[]): TarEntry =>
    textFile(`${root}/${path}.${format}`, streamOf(documents, format));
  switch (layout) {
    case 'one':
      return [write('index', operators.flatMap(documentsOf))];
    case 'folders':
      return operators.map((operator) => write(`${operator.name}/catalog`, documentsOf(operator)));
    case 'split':
      return operators.flatMap((operator) =>
        documentsOf(operator).map((document, index) => write(`${operator.name}/parts/d${index}`, [document])),
      );
  }
}

/** Documents one after the other, as the tools of operator-registry write them. */
export function streamOf(documents: readonly object[], format: CatalogShape['format']): string {
  if (format === 'yaml') return documents.map((document) => `---\n${stringify(document)}`).join('');
  return documents.map((document) => `${JSON.stringify(document, undefined, 4)}\n`).join('');
}

function filler(seed: string, size: number): string {
  return Buffer.concat([...seededBytes(seed, size)]).toString('base64');
}
