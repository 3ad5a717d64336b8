import { sizesOf } from '../../test/support/contents.ts';
import { output, toolPath } from '../../test/support/process.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { startLine } from '../line.ts';
import { barTable, resultTable } from '../markdown.ts';
import { serveImages, serveRelease } from '../sets.ts';
import type { Bench } from './part.ts';

const kibibyte = 1024;

/** Payloads have so many components, and twelve operators with their operands so many images, roughly. */
const shape = { components: 183, operators: 60 };
const smallShape = { components: 20, operators: 6 };

/** The plan of a release and the images of operators, over a line with a round trip of 30 ms. */
export async function plan(bench: Bench): Promise<string> {
  const { registry, small, runs, work, tell } = bench;
  const { components, operators } = small ? smallShape : shape;
  const line = await startLine(registry, { oneWay: 15 });
  try {
    const { host } = line;
    const baseLayers = [64 * kibibyte, 64 * kibibyte];
    const ownLayer = { min: kibibyte, max: 4 * kibibyte };
    const version = '4.14.0';
    const release = await serveRelease(bench, 'planned', { host, version, components, baseLayers, ownLayer });
    const others = await serveImages(bench, 'operators', {
      host,
      count: operators,
      baseLayer: 64 * kibibyte,
      ownLayer,
    });
    const flags = [
      '--release-image',
      release[0]?.reference ?? '',
      '--img',
      others.map(referenceOf).join(','),
    ];
    const argv: [string, ...string[]] = [toolPath, 'plan', '-o', 'json', ...flags];
    expectWhole(await output(argv), [...release, ...others]);
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
      `A release of ${components} components and ${operators} other images; 15 ms in each direction and 30 ms for each handshake.\n`,
      resultTable(results),
      barTable([{ what: 'seconds', value: middle(results[0], 'wall'), most: 3 }], !small),
    ].join('\n');
  } finally {
    await line.stop();
  }
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
