import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  documentsOf,
  type OperatorShape,
  operatorImages,
  streamOf,
} from '../../../test/support/operator-catalog.ts';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import type { CatalogRequest, PackageRequest, SelectionRules, VersionRange } from '../imageset/image-set.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { assembleCatalog } from './assemble.ts';
import { createCatalogFile } from './catalog-file.ts';
import type { Catalog, CatalogProblem } from './model.ts';
import { type OperatorSelection, selectOperators } from './select.ts';
import { parseVersion } from './version.ts';

const catalog = parseReference('registry.test/index:v1');

function read(text: string): { catalog: Catalog; problems: readonly CatalogProblem[] } {
  const file = createCatalogFile('catalog', undefined);
  file.push(Buffer.from(text));
  return assembleCatalog([file.end()]);
}

function select(
  of: Catalog,
  rules: SelectionRules,
  packages: readonly Partial<PackageRequest>[],
  rest: Partial<CatalogRequest> = {},
): OperatorSelection {
  const wanted = packages.map((each) => ({ name: 'op', channels: [], bundles: [], ...each }));
  return selectOperators([
    { request: { catalog, full: false, packages: wanted, rules, ...rest }, catalog: of },
  ]);
}

const bundlesOf = (selection: OperatorSelection) =>
  selection.packages
    .flatMap(({ bundles }) => bundles.map(({ name }) => name.replace(/^.*\.v/, '')))
    .toSorted();

function mistakes(run: () => unknown): { code: string; messages: readonly string[] } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return {
      code: error.code,
      messages: error.diagnostics.map(
        ({ message, hint }) => `${message}${hint === undefined ? '' : ` / ${hint}`}`,
      ),
    };
  }
  throw new Error('nothing was wrong');
}

const shape: OperatorShape = {
  name: 'op',
  defaultChannel: 'stable',
  channels: {
    stable: ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '2.1.0-rc.1', '2.1.0'],
    'stable-1': ['1.0.0', '1.1.0', '1.2.0'],
    candidate: ['2.0.0', '2.1.0', '3.0.0'],
  },
};
const linear = read(streamOf(documentsOf(shape), 'json')).catalog;

interface Case {
  readonly what: string;
  readonly wants: Partial<PackageRequest>;
  readonly full?: boolean;
  readonly v1: readonly string[];
  readonly v2: readonly string[] | 'refused';
}
const everything = ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1', '3.0.0'];

/** What each of the rules chooses, worked out by hand from the shape. */
const cases: readonly Case[] = [
  {
    what: 'nothing but its name',
    wants: {},
    v1: ['1.2.0', '2.1.0', '3.0.0'],
    v2: ['1.2.0', '2.1.0', '3.0.0'],
  },
  { what: 'full', wants: {}, full: true, v1: everything, v2: everything },
  { what: 'a channel', wants: { channels: [{ name: 'stable' }] }, v1: ['2.1.0'], v2: ['2.1.0'] },
  {
    what: 'a channel in full',
    wants: { channels: [{ name: 'stable' }] },
    full: true,
    v1: ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: ['1.0.0', '1.1.0', '1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1'],
  },
  {
    what: 'a range of a channel',
    wants: { channels: [{ name: 'stable', minVersion: '1.1.0', maxVersion: '2.0.0' }] },
    v1: ['1.1.0', '1.2.0', '2.0.0'],
    v2: ['1.1.0', '1.2.0', '2.0.0'],
  },
  {
    what: 'a range around a prerelease, which v2 takes in for the chain only',
    wants: { channels: [{ name: 'stable', minVersion: '2.0.0', maxVersion: '2.1.0' }] },
    v1: ['2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: ['2.0.0', '2.1.0', '2.1.0-rc.1'],
  },
  {
    what: 'a range that ends at a prerelease',
    wants: { channels: [{ name: 'stable', minVersion: '2.0.0', maxVersion: '2.0.9' }] },
    v1: ['2.0.0'],
    v2: ['2.0.0'],
  },
  {
    what: 'from a version of a channel on',
    wants: { channels: [{ name: 'stable', minVersion: '2.0.0' }] },
    v1: ['2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: ['2.0.0', '2.1.0', '2.1.0-rc.1'],
  },
  {
    what: 'up to a version of a channel',
    wants: { channels: [{ name: 'stable', maxVersion: '1.1.0' }] },
    v1: ['1.0.0', '1.1.0'],
    v2: ['1.0.0', '1.1.0'],
  },
  {
    what: 'a range of the package, in all channels',
    wants: { minVersion: '1.2.0', maxVersion: '2.0.0' },
    v1: ['1.2.0', '2.0.0'],
    v2: ['1.2.0', '2.0.0'],
  },
  {
    what: 'from a version of the package on: v1 takes channels that have it, v2 all that have later ones',
    wants: { minVersion: '1.2.0' },
    v1: ['1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: ['1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1', '3.0.0'],
  },
  {
    what: 'one version',
    wants: { minVersion: '1.2.0', maxVersion: '1.2.0' },
    v1: ['1.2.0'],
    v2: ['1.2.0'],
  },
  {
    what: 'bundles by name: v1 takes what leads to the head as well',
    wants: { channels: [{ name: 'stable' }], bundles: ['op.v1.2.0', 'op.v2.0.0'] },
    v1: ['1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1', '3.0.0'],
    v2: ['1.2.0', '2.0.0'],
  },
  {
    what: 'a range beside bundles',
    wants: { minVersion: '1.2.0', bundles: ['op.v1.2.0'] },
    v1: ['1.2.0', '2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: 'refused',
  },
  {
    what: 'a bundle to begin with, which only v1 knows',
    wants: { channels: [{ name: 'stable', minBundle: 'op.v2.0.0' }] },
    v1: ['2.0.0', '2.1.0', '2.1.0-rc.1'],
    v2: ['2.1.0'],
  },
];

describe.each(['v1alpha2', 'v2alpha1'] as const)('by the rules of %s', (rules) => {
  it.each(cases)('$what', ({ wants, full = false, v1, v2 }) => {
    const expected = rules === 'v1alpha2' ? v1 : v2;
    if (expected === 'refused') {
      expect(mistakes(() => select(linear, rules, [wants], { full })).code).toBe('invalid-document');
      return;
    }
    const selection = select(linear, rules, [wants], { full });
    expect(bundlesOf(selection)).toEqual(expected);
    expect(selection.images.map(({ reference }) => formatReference(reference)).toSorted()).toEqual(
      operatorImages(shape, expected),
    );
  });

  it('all packages of a catalog, where none is named', () => {
    const other = { ...shape, name: 'other', channels: { stable: ['0.1.0', '0.2.0'] } };
    const both = read(streamOf([...documentsOf(shape), ...documentsOf(other)], 'yaml')).catalog;
    expect(bundlesOf(select(both, rules, []))).toEqual(['0.2.0', '1.2.0', '2.1.0', '3.0.0']);
    expect(bundlesOf(select(both, rules, [], { full: true }))).toEqual(['0.1.0', '0.2.0', ...everything]);
  });

  it('refuses what is not there, all at once, and names what is nearest', () => {
    const wanted = [
      { channels: [{ name: 'stabel' }] },
      { name: 'opp' },
      { name: 'op2', minVersion: '1.0.0' },
    ];
    expect(mistakes(() => select(linear, rules, wanted))).toEqual({
      code: 'not-found',
      messages: [
        'no channel stabel in package op of registry.test/index:v1 / the nearest channels: stable, stable-1, candidate',
        'no package opp in registry.test/index:v1 / the nearest packages: op',
        'no package op2 in registry.test/index:v1 / the nearest packages: op',
      ],
    });
    const none = { channels: [{ name: 'stable', minVersion: '1.3.0', maxVersion: '1.9.0' }] };
    expect(mistakes(() => select(linear, rules, [none]))).toEqual({
      code: 'not-found',
      messages: [
        'no version from 1.3.0 to 1.9.0 in channel stable of package op of registry.test/index:v1 / the nearest versions: 1.1.0, 1.2.0, 2.0.0, 2.1.0-rc.1',
      ],
    });
    expect(mistakes(() => select(linear, rules, [{ bundles: ['op.v9'] }])).messages).toEqual([
      'no bundle op.v9 in package op of registry.test/index:v1 / the nearest bundles: op.v1.0.0, op.v1.1.0, op.v1.2.0',
    ]);
  });

  it('refuses a selection without the default channel', () => {
    const { code, messages } = mistakes(() => select(linear, rules, [{ channels: [{ name: 'candidate' }] }]));
    expect(code).toBe('invalid-document');
    expect(messages).toEqual([
      expect.stringContaining('its default channel stable is not among the channels chosen'),
    ]);
    const other = select(linear, rules, [{ channels: [{ name: 'candidate' }], defaultChannel: 'candidate' }]);
    expect(other.packages.map(({ defaultChannel }) => defaultChannel)).toEqual(['candidate']);
  });

  it('refuses a range of versions that are none', () => {
    const wanted = { channels: [{ name: 'stable', minVersion: 'new', maxVersion: '2.0.0' }] };
    expect(mistakes(() => select(linear, rules, [wanted])).messages).toEqual([
      'package op of registry.test/index:v1: "from new to 2.0.0" is no range of versions',
    ]);
  });

  it('refuses a range where a bundle has no version, and only there', () => {
    const documents = documentsOf(shape).map((each) =>
      'name' in each && each.name === 'op.v1.1.0' ? { ...each, properties: [] } : each,
    );
    const { catalog: of, problems } = read(streamOf(documents, 'json'));
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning bundle op.v1.1.0 has no version',
    ]);
    const range = { minVersion: '1.0.0', maxVersion: '1.2.0' };
    expect(mistakes(() => select(of, rules, [{ channels: [{ name: 'stable', ...range }] }]))).toMatchObject({
      code: 'invalid-document',
      messages: [
        expect.stringContaining('bundle op.v1.1.0 of package op of registry.test/index:v1 has no version'),
      ],
    });
    expect(bundlesOf(select(of, rules, [{ channels: [{ name: 'stable' }] }]))).toEqual(['2.1.0']);
  });

  it('refuses upgrade graphs that are none', () => {
    const entries = (list: readonly object[]) =>
      read(
        streamOf(
          [
            { schema: 'olm.package', name: 'op', defaultChannel: 'stable' },
            { schema: 'olm.channel', package: 'op', name: 'stable', entries: list },
          ],
          'json',
        ),
      ).catalog;
    const wrong = (list: readonly object[]) =>
      mistakes(() => select(entries(list), rules, [{}])).messages.join('\n');
    expect(
      wrong([
        { name: 'a', replaces: 'b' },
        { name: 'b', replaces: 'a' },
      ]),
    ).toContain('no head');
    expect(
      wrong([
        { name: 'h', replaces: 'a' },
        { name: 'a', replaces: 'b' },
        { name: 'b', replaces: 'a' },
      ]),
    ).toContain('lead in a circle');
    expect(wrong([{ name: 'a' }, { name: 'b' }])).toContain('2 heads: a, b');
    expect(wrong([{ name: 'a' }, { name: 'a' }])).toContain('it has a twice');
    expect(wrong([{ name: 'a', skips: ['a'] }])).toContain('a replaces or skips itself');
    expect(wrong([])).toContain('no entries');
    expect(wrong([{ name: 'a' }])).toContain('bundle a is in a channel, but not in the catalog');
  });

  it('takes a channel of 100,000 entries', () => {
    const versions = Array.from({ length: 100_000 }, (_, patch) => `1.0.${patch}`);
    const name = (at: number) => `op.v1.0.${at}`;
    const entries = versions.map((_, at) => ({
      name: name(at),
      replaces: at === 0 ? undefined : name(at - 1),
      skips: at === 0 ? [] : [name(at - 1)],
      skipRange: undefined,
    }));
    const bundles = versions.map((version, at) => ({
      name: name(at),
      package: 'op',
      version: parseVersion(version),
      image: `registry.test/op:${version}`,
      relatedImages: [],
      provides: [],
      requires: [],
    }));
    const owner = {
      name: 'op',
      defaultChannel: 'c',
      channels: new Map([['c', { name: 'c', package: 'op', entries, priority: undefined }]]),
      bundles: new Map(bundles.map((bundle) => [bundle.name, bundle])),
      deprecations: [],
    };
    const large: Catalog = { packages: new Map([['op', owner]]), names: ['op'] };
    const chosen = (range: VersionRange) =>
      bundlesOf(select(large, rules, [{ channels: [{ name: 'c', ...range }] }]));
    expect(chosen({})).toEqual(['1.0.99999']);
    expect(chosen({ minVersion: '1.0.10', maxVersion: '1.0.99' })).toHaveLength(90);
    expect(chosen({ minVersion: '1.0.99000' })).toHaveLength(1000);
  }, 60_000);
});

describe('the rules of v1', () => {
  it('let the channel of the highest priority be the default where the default was not chosen', () => {
    const documents = documentsOf(shape).map((each) => {
      const name =
        'schema' in each && each.schema === 'olm.channel' && 'name' in each ? each.name : undefined;
      const priority = { candidate: 2, 'stable-1': 7 }[String(name)];
      if (priority === undefined) return each;
      return { ...each, properties: [{ type: 'olm.channel', value: { channelName: name, priority } }] };
    });
    const of = read(streamOf(documents, 'json')).catalog;
    const wanted = { channels: [{ name: 'candidate' }, { name: 'stable-1' }] };
    expect(select(of, 'v1alpha2', [wanted]).packages[0]?.defaultChannel).toBe('stable-1');
  });
});

describe('dependencies, by the rules of v1', () => {
  const bundle = (owner: string, version: string, properties: readonly object[] = []) => ({
    schema: 'olm.bundle',
    package: owner,
    name: `${owner}.v${version}`,
    image: `registry.test/${owner}:${version}`,
    properties: [{ type: 'olm.package', value: { packageName: owner, version } }, ...properties],
  });
  const operator = (name: string, channels: Readonly<Record<string, readonly string[]>>) => [
    { schema: 'olm.package', name, defaultChannel: Object.keys(channels)[0] },
    ...Object.entries(channels).map(([channel, versions]) => ({
      schema: 'olm.channel',
      package: name,
      name: channel,
      entries: versions.map((version, at) => ({
        name: `${name}.v${version}`,
        ...(at === 0 ? {} : { replaces: `${name}.v${versions[at - 1]}` }),
      })),
    })),
  ];
  const thing = { group: 'test', version: 'v1', kind: 'Thing' };
  const needsPackage = (packageName: string, versionRange: string) => ({
    type: 'olm.package.required',
    value: { packageName, versionRange },
  });
  const documents = [
    ...operator('op', { stable: ['1.0.0', '2.0.0'] }),
    bundle('op', '1.0.0'),
    bundle('op', '2.0.0', [needsPackage('storage', '>=1.0.0 <2.0.0'), needsPackage('absent', '')]),
    ...operator('storage', { stable: ['1.0.0', '1.5.0', '1.6.0', '2.0.0'], old: ['1.0.0', '1.6.0'] }),
    ...['1.0.0', '1.5.0', '2.0.0'].map((version) => bundle('storage', version)),
    bundle('storage', '1.6.0', [{ type: 'olm.gvk.required', value: thing }]),
    ...operator('api', { alpha: ['0.1.0', '0.2.0'], beta: ['0.2.0'] }),
    bundle('api', '0.1.0', [{ type: 'olm.gvk', value: thing }]),
    bundle('api', '0.2.0', [{ type: 'olm.gvk', value: thing }, needsPackage('op', '>=9.0.0')]),
    ...operator('other', { stable: ['1.0.0'] }),
    bundle('other', '1.0.0'),
  ];
  const all = read(streamOf(documents, 'json')).catalog;

  it('come with what requires them, the latest that will do, up to its head', () => {
    const { packages, warnings, unread } = select(all, 'v1alpha2', [{}]);
    expect(
      packages.flatMap(({ channels, name }) =>
        channels.map((channel) => [name, channel.name, channel.bundles]),
      ),
    ).toEqual([
      ['op', 'stable', ['op.v2.0.0']],
      ['storage', 'stable', ['storage.v1.6.0', 'storage.v2.0.0']],
      ['api', 'alpha', ['api.v0.2.0']],
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'bundle op.v2.0.0 of package op of registry.test/index:v1 requires package absent in any version, which no package of the catalog has',
      'bundle api.v0.2.0 of package api of registry.test/index:v1 requires package op >=9.0.0, which no package of the catalog has',
    ]);
    expect(unread).toEqual([]);
  });

  it('are left out where that is asked for, and by the rules of v2', () => {
    expect(bundlesOf(select(all, 'v1alpha2', [{}], { skipDependencies: true }))).toEqual(['2.0.0']);
    expect(bundlesOf(select(all, 'v2alpha1', [{}]))).toEqual(['2.0.0']);
  });

  it('are told to be unread while the catalog is not there in full', () => {
    const file = createCatalogFile('catalog', new Set(['op']));
    file.push(Buffer.from(streamOf(documents, 'json')));
    const part = assembleCatalog([file.end()]).catalog;
    expect(select(part, 'v1alpha2', [{}]).unread).toEqual([catalog]);
    expect(select(part, 'v1alpha2', [{ minVersion: '1.0.0', maxVersion: '1.0.0' }]).unread).toEqual([]);
  });
});

describe('the rules of v2', () => {
  const entries = [
    { name: 'op.v5', replaces: 'op.v3', skips: ['op.v4'] },
    { name: 'op.v4', replaces: 'op.v3' },
    { name: 'op.v3', replaces: 'op.v2', skips: ['op.v1.5'] },
    { name: 'op.v2', replaces: 'op.v1' },
    { name: 'op.v1.5', replaces: 'op.v1' },
    { name: 'op.v1' },
  ];
  const versions = { v1: '1.0.0', 'v1.5': '1.5.0', v2: '2.0.0', v3: '3.0.0', v4: '4.0.0', v5: '5.0.0' };
  const of = read(
    streamOf(
      [
        { schema: 'olm.package', name: 'op', defaultChannel: 'c' },
        { schema: 'olm.channel', package: 'op', name: 'c', entries },
        ...Object.entries(versions).map(([name, version]) => ({
          schema: 'olm.bundle',
          package: 'op',
          name: `op.${name}`,
          image: `registry.test/op:${name}`,
          properties: [{ type: 'olm.package', value: { packageName: 'op', version } }],
        })),
      ],
      'json',
    ),
  ).catalog;
  const chosen = (minVersion: string, maxVersion: string) =>
    bundlesOf(select(of, 'v2alpha1', [{ channels: [{ name: 'c', minVersion, maxVersion }] }]));

  it.each([
    ['2.0.0', '3.0.0', ['2', '3']],
    // Skipped by 3, so that 3 comes with it though it is outside, and 2, which 3 replaces, does too.
    ['1.5.0', '1.9.0', ['1.5', '3']],
    ['1.0.0', '1.5.0', ['1', '1.5', '2', '3']],
    ['4.0.0', '4.9.0', ['4', '5']],
    ['4.0.0', '4.0.0', ['4']],
    ['1.0.0', '9.0.0', ['1', '1.5', '2', '3', '4', '5']],
  ])('from %s to %s take the part of the chain that covers the range', (min, max, expected) => {
    expect(chosen(min, max)).toEqual(expected);
  });

  it('take by name what v1 would lead to the head', () => {
    const minBundle = (name: string) =>
      bundlesOf(select(of, 'v1alpha2', [{ channels: [{ name: 'c', minBundle: name }] }]));
    expect(minBundle('op.v4')).toEqual(['4', '5']);
    expect(minBundle('op.v1.5')).toEqual(['1.5', '2', '3', '4', '5']);
  });
});

describe('the real package', () => {
  const real = read(
    readFileSync(
      new URL('../../../test/fixtures/catalog/aws-load-balancer-operator.json', import.meta.url),
      'utf8',
    ),
  );

  it('gives the head of its default channel with all of its images', () => {
    expect(real.problems).toEqual([]);
    const { packages, images } = select(real.catalog, 'v2alpha1', [
      { name: 'aws-load-balancer-operator', channels: [{ name: 'stable-v0.1' }] },
    ]);
    expect(packages.map(({ name, defaultChannel, channels }) => [name, defaultChannel, channels])).toEqual([
      [
        'aws-load-balancer-operator',
        'stable-v0.1',
        [{ name: 'stable-v0.1', bundles: ['aws-load-balancer-operator.v0.0.1'] }],
      ],
    ]);
    const text = readFileSync(
      new URL('../../../test/fixtures/catalog/aws-load-balancer-operator.json', import.meta.url),
      'utf8',
    );
    const named = new Set([...text.matchAll(/"image": "([^"]+)"/g)].map(([, image]) => image));
    expect(new Set(images.map(({ reference }) => formatReference(reference)))).toEqual(named);
  });
});
