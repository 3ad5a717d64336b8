import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ImageSet, PlatformChannel } from './configuration.ts';
import { formatImageSet } from './format-image-set.ts';
import type { CatalogRequest, ChannelRequest, PackageRequest } from './image-set.ts';
import { readImageSet } from './read-image-set.ts';

/** Any text that a YAML document can hold: no halves of characters, no replacement character. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
  fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => !value.includes('\ufffd')),
  fc.constantFrom(
    'true',
    'null',
    '~',
    '1.10',
    '0x1',
    'yes',
    '- a',
    'a: b',
    '#',
    "it's",
    ' x ',
    '&a',
    '*a',
    '{',
    '\t',
  ),
);

const range = fc
  .record({ low: fc.nat(30), high: fc.nat(30), ends: fc.constantFrom('none', 'min', 'max', 'both') })
  .map(({ low, high, ends }) => ({
    ...(ends === 'min' || ends === 'both' ? { minVersion: `4.${low}.1` } : {}),
    ...(ends === 'max' || ends === 'both' ? { maxVersion: `4.${low + high}.1-rc.2` } : {}),
  }))
  .filter(({ minVersion, maxVersion }) => minVersion === undefined || maxVersion !== minVersion)
  .map((value) => (value.maxVersion?.startsWith(`${value.minVersion}-`) === true ? {} : value));

const reference = fc.constantFrom(
  { registry: 'quay.io', repository: 'a/b', tag: 'v4.14' },
  { registry: 'lab:5000', repository: 'b', digest: `sha256:${'0'.repeat(64)}` as const },
  { registry: '[::1]:5000', repository: 'a_b/c__d', tag: 'x', digest: `sha256:${'f'.repeat(64)}` as const },
);

const channel = (rules: ImageSet['rules']): fc.Arbitrary<ChannelRequest> =>
  fc
    .record({
      name: text,
      range,
      minBundle: rules === 'v1alpha2' ? fc.option(text, { nil: undefined }) : fc.constant(undefined),
    })
    .map(({ name, range: versions, minBundle }) => ({
      name,
      ...versions,
      ...(minBundle === undefined ? {} : { minBundle }),
    }));

const packages = (rules: ImageSet['rules']): fc.Arbitrary<PackageRequest> =>
  fc
    .record({
      request: channel(rules),
      channels: fc.array(channel(rules), { maxLength: 3 }),
      bundles: rules === 'v1alpha2' ? fc.constant([]) : fc.array(text, { maxLength: 2 }),
      defaultChannel: rules === 'v1alpha2' ? fc.constant(undefined) : fc.option(text, { nil: undefined }),
    })
    .map(({ request, channels, bundles, defaultChannel }) => ({
      ...request,
      ...(defaultChannel === undefined ? {} : { defaultChannel }),
      channels,
      bundles,
    }));

const platformChannel: fc.Arbitrary<PlatformChannel> = fc
  .record({ name: text, range, shortestPath: fc.boolean(), full: fc.boolean() })
  .map(({ range: versions, ...rest }) => ({ ...rest, ...versions }));

const imageSet: fc.Arbitrary<ImageSet> = fc
  .constantFrom('v1alpha2' as const, 'v2alpha1' as const)
  .chain((rules) =>
    fc.record({
      rules: fc.constant(rules),
      platform: fc
        .record({
          channels: fc.array(platformChannel, { maxLength: 3 }),
          architectures: fc.uniqueArray(fc.constantFrom('amd64', 'arm64', 's390x', 'multi')),
          release: rules === 'v1alpha2' ? fc.constant(undefined) : fc.option(reference, { nil: undefined }),
        })
        .map(({ release, ...platform }) => ({ ...platform, ...(release === undefined ? {} : { release }) })),
      catalogs: fc.array(
        fc.record({
          catalog: reference,
          full: fc.boolean(),
          packages: fc.array(packages(rules), { maxLength: 3 }),
          rules: fc.constant(rules),
        }) satisfies fc.Arbitrary<CatalogRequest>,
        { maxLength: 3 },
      ),
      additionalImages: fc.array(reference, { maxLength: 3 }),
      blockedImages: fc.array(fc.constantFrom('alpine', '^quay\\.io/(a|b)/', "it's", '"', 'a: b'), {
        maxLength: 3,
      }),
    }),
  );

it('whatever is written is read back the same', () => {
  fc.assert(
    fc.property(imageSet, (value) => {
      const reading = readImageSet({ name: 'imageset.yaml', text: formatImageSet(value) });
      expect(reading.imageSet).toEqual(value);
      expect(reading.notes).toEqual([]);
    }),
    { seed: 4, numRuns: 100 },
  );
});
