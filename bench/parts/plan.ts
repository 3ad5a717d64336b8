import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sizesOf } from '../../test/support/contents.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { startLine } from '../line.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveCatalog, serveImages, serveRelease } from '../sets.ts';
import type { Bench } from './part.ts';

const kibibyte = 1024;

/** A payload has so many components; each operator has a bundle with four operands, among so many other packages. */
const shape = { components: 183, operators: 12, others: 200 };
const smallShape = { components: 20, operators: 2, others: 4 };
const imagesOfOperator = 5;

/** The plan of a release and of operators out of a catalog, over a line with a round trip of 30 ms. */
export async function plan(bench: Bench): Promise<string> {
  const { registry, small, runs, work, tell } = bench;
  const { components, operators, others } = small ? smallShape : shape;
  const line = await startLine(registry, { oneWay: 15 });
  try {
    const { host } = line;
    const baseLayers = [64 * kibibyte, 64 * kibibyte];
    const ownLayer = { min: kibibyte, max: 4 * kibibyte };
    const version = '4.14.0';
    const release = await serveRelease(bench, 'planned', { host, version, components, baseLayers, ownLayer });
    const operands = await serveImages(bench, 'operators', {
      host,
      count: operators * imagesOfOperator,
      baseLayer: 64 * kibibyte,
      ownLayer,
    });
    const text = catalogOf(operands.map(referenceOf), others);
    const index = await serveCatalog(bench, 'operator-index', { host, text });
    const imageSet = join(work, 'plan-imageset.yaml');
    await writeFile(imageSet, imageSetOf(index.reference, operators));
    const flags = ['--release-image', release[0]?.reference ?? '', '--imageset', imageSet];
    const argv: [string, ...string[]] = [toolPath, 'plan', '-o', 'json', ...flags];
    expectWhole(await output(argv), [...release, ...operands, index]);
    const ours: Contestant = {
      name: 'factory-precaching-cli plan',
      command: () => ({ argv }),
      converts: false,
    };
    const results = (await contest([ours], runs, {
      registry,
      work,
      tell,
      check: () => Promise.resolve(),
    })) as [Result, ...Result[]];
    return [
      `A release of ${components} components and ${operators} operators with ${operands.length} images, out of a catalog of ${(text.length / 1e6).toFixed(0)} MB; 15 ms in each direction and 30 ms for each handshake.\n`,
      resultTable(results),
      barTable([{ what: 'seconds', value: middle(results[0], 'wall'), most: 3 }], !small),
    ].join('\n');
  } finally {
    await line.stop();
  }
}

function packageName(index: number): string {
  return `operator-${index}`;
}

/** A catalog of JSON: the operators first, then packages that nobody asks for, of about the size that real ones have. */
function catalogOf(images: readonly string[], others: number): string {
  const operators = images.length / imagesOfOperator;
  const description = 'What an operator does for a cluster. '.repeat(2700);
  return Array.from({ length: operators + others }, (_, index) => {
    const name = packageName(index);
    const bundle = `${name}.v1.0.0`;
    const own = images.slice(index * imagesOfOperator, (index + 1) * imagesOfOperator);
    const [image = `registry.example/lab/${name}:1`, ...operands] = own;
    return [
      { schema: 'olm.package', name, defaultChannel: 'stable' },
      { schema: 'olm.channel', package: name, name: 'stable', entries: [{ name: bundle }] },
      {
        schema: 'olm.bundle',
        package: name,
        name: bundle,
        image,
        properties: [
          { type: 'olm.package', value: { packageName: name, version: '1.0.0' } },
          { type: 'olm.csv.metadata', value: { description } },
        ],
        relatedImages: operands.map((operand, at) => ({ name: `operand-${at}`, image: operand })),
      },
    ];
  })
    .flat()
    .map((document) => `${JSON.stringify(document, undefined, 2)}\n`)
    .join('');
}

function imageSetOf(catalog: string, operators: number): string {
  const packages = Array.from({ length: operators }, (_, index) => `        - name: ${packageName(index)}\n`);
  return `apiVersion: mirror.openshift.io/v2alpha1
kind: ImageSetConfiguration
mirror:
  operators:
    - catalog: ${catalog}
      packages:
${packages.join('')}`;
}

function referenceOf({ reference }: { readonly reference: string }): string {
  return reference;
}

/** Throws unless the report counts all images and all of their bytes. */
function expectWhole(report: string, images: Parameters<typeof sizesOf>[0]): void {
  const { size } = JSON.parse(report) as { size: { images: number; uniqueBytes: number } };
  const { unique } = sizesOf(images);
  if (size.images !== images.length || size.uniqueBytes !== unique) {
    throw new Error(
      `the plan has ${size.images} images of ${images.length}, ${size.uniqueBytes} bytes of ${unique}`,
    );
  }
}
