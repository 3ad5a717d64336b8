import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DocumentError } from '../../src/core/diagnostics/diagnostic.ts';
import { ToolError } from '../../src/core/errors.ts';
import type { Event } from '../../src/core/events.ts';
import type { CatalogRequest, PackageRequest, SelectionRules } from '../../src/core/imageset/image-set.ts';
import { formatReference, parseReference } from '../../src/core/oci/reference.ts';
import { openPool } from '../../src/pool/pool.ts';
import { openPins } from '../../src/workflows/pins.ts';
import { type Operators, readOperators } from '../../src/workflows/read-operators.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { addIndexImage } from '../support/index-image.ts';
import {
  type CatalogShape,
  catalogFiles,
  type OperatorShape,
  operatorImages,
} from '../support/operator-catalog.ts';
import { openImpatientClient } from '../support/registry-client.ts';
import { type TarEntry, textFile } from '../support/tar.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const ptp: OperatorShape = {
  name: 'ptp-operator',
  defaultChannel: 'stable',
  channels: { stable: ['4.12.0', '4.13.0', '4.14.0', '4.14.1'], '4.13': ['4.12.0', '4.13.0'] },
};
const sriov: OperatorShape = {
  name: 'sriov-network-operator',
  defaultChannel: 'stable',
  channels: { stable: ['4.14.0-202301010000', '4.14.0-202302010000'] },
  deprecated: ['4.14.0-202302010000'],
};
const storage: OperatorShape = {
  name: 'local-storage-operator',
  defaultChannel: 'stable',
  channels: { stable: ['1.0.0', '1.1.0'] },
};
const operators = [ptp, sriov, storage];

let work: TemporaryFolder;
let registry: FakeRegistry;
let events: Event[];
beforeEach(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  events = [];
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const wants = (name: string, rest: Partial<PackageRequest> = {}): PackageRequest => ({
  name,
  channels: [],
  bundles: [],
  ...rest,
});

const asking = (
  repository: string,
  packages: readonly PackageRequest[],
  rules: SelectionRules = 'v2alpha1',
): CatalogRequest => ({
  catalog: parseReference(`${registry.host}/${repository}`),
  full: false,
  packages,
  rules,
});

async function read(...requests: CatalogRequest[]): Promise<Operators> {
  const folder = join(work.path, 'staged');
  await mkdir(folder, { recursive: true });
  const pool = await openPool(folder);
  const client = openImpatientClient();
  const platform = { os: 'linux', architecture: 'amd64' };
  const source = {
    pool,
    client,
    before: undefined,
    platform,
    pins: openPins({ platform, filter: undefined, locked: undefined }),
    foreignHosts: [],
    bases: [],
    parallel: 4,
    signal: new AbortController().signal,
    emit: (event: Event) => events.push(event),
  };
  try {
    return await readOperators(requests, source);
  } finally {
    await client.close();
  }
}

const imagesOf = ({ images }: Operators) =>
  images.map(({ reference }) => formatReference(reference)).toSorted();

async function failure(...requests: CatalogRequest[]): Promise<ToolError> {
  try {
    await read(...requests);
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const messagesOf = (error: ToolError) =>
  error instanceof DocumentError
    ? error.diagnostics.map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`))
    : [error.message];

describe('a catalog comes out of its index image', () => {
  const shapes: readonly CatalogShape[] = (['json', 'yaml'] as const).flatMap((format) =>
    (['one', 'folders', 'split'] as const).map((layout) => ({ format, layout })),
  );
  it.each(shapes)('as $format, layout $layout, by tag and by digest', async (shape) => {
    const layers = [[textFile('etc/os-release', 'ID=test\n')], catalogFiles(operators, shape)];
    const digest = addIndexImage(registry, { repository: 'lab/index', tag: 'v1', layers });
    const expected = [...operatorImages(ptp, ['4.13.0', '4.14.1']), ...operatorImages(storage, ['1.1.0'])];
    for (const name of ['lab/index:v1', `lab/index@${digest}`]) {
      const found = await read(asking(name, [wants('ptp-operator'), wants('local-storage-operator')]));
      expect(imagesOf(found)).toEqual([...new Set(expected)].toSorted());
      expect(found.catalogs.map((catalog) => catalog.digest)).toEqual([digest]);
    }
    // What was read stays in the pool.
    const blobs = registry.log.filter(({ path }) => path.includes('/blobs/'));
    expect(blobs).toHaveLength(layers.length + 1);
  });

  it('is the union of its layers: replaced, removed and hidden files', async () => {
    const inFolders = { format: 'json', layout: 'folders' } as const;
    const old: OperatorShape = { ...ptp, channels: { stable: ['1.0.0'] } };
    const layers: TarEntry[][] = [
      [
        ...catalogFiles([old, storage], inFolders),
        textFile('configs/broken/catalog.json', '{ "schema": '),
        textFile('configs/gone/catalog.yaml', 'also broken: ['),
        textFile('configs/sriov-network-operator/old.json', '{ "schema": "olm.package", "name": "twin" }'),
      ],
      [
        textFile('configs/broken/.wh.catalog.json', ''),
        textFile('configs/.wh.gone', ''),
        textFile('configs/sriov-network-operator/.wh..wh..opq', ''),
        ...catalogFiles([sriov], inFolders),
      ],
      [...catalogFiles([ptp], { ...inFolders })],
    ];
    addIndexImage(registry, { repository: 'lab/index', tag: 'v1', layers });
    const found = await read(asking('lab/index:v1', []));
    const heads = [
      ...operatorImages(ptp, ['4.13.0', '4.14.1']),
      ...operatorImages(sriov, ['4.14.0-202302010000']),
      ...operatorImages(storage, ['1.1.0']),
    ];
    expect(imagesOf(found)).toEqual([...new Set(heads)].toSorted());
    expect(found.catalogs[0]?.catalog.names).toEqual(operators.map(({ name }) => name).toSorted());
  });

  it('leaves out what .indexignore names, and lies where the label says', async () => {
    const layers = [
      [
        ...catalogFiles([storage], { format: 'yaml', layout: 'folders', root: 'opt/catalog' }),
        textFile('opt/catalog/.indexignore', '# notes\n*.md\n/drafts/\n!keep.md\n'),
        textFile('opt/catalog/README.md', '# A catalog\n{ it is: [ not yaml\n'),
        textFile('opt/catalog/drafts/catalog.json', '{ broken'),
        textFile('configs/elsewhere.json', '{ broken'),
      ],
    ];
    const labels = { 'operators.operatorframework.io.index.configs.v1': '/opt/catalog' };
    addIndexImage(registry, { repository: 'lab/index', tag: 'v1', layers, labels });
    expect(imagesOf(await read(asking('lab/index:v1', [])))).toEqual(operatorImages(storage, ['1.1.0']));
  });

  it('is chosen from by the rules of each request, and twins are told', async () => {
    const shape = { format: 'json', layout: 'one' } as const;
    addIndexImage(registry, { repository: 'lab/red', tag: 'v1', layers: [catalogFiles(operators, shape)] });
    addIndexImage(registry, {
      repository: 'lab/certified',
      tag: 'v1',
      layers: [catalogFiles([storage], shape)],
    });
    const range = wants('sriov-network-operator', { minVersion: '4.14.0-202301010000' });
    const found = await read(
      asking('lab/red:v1', [range, wants('local-storage-operator')], 'v1alpha2'),
      asking('lab/certified:v1', [wants('local-storage-operator')]),
    );
    expect(imagesOf(found)).toEqual(
      [
        ...new Set([
          ...operatorImages(sriov, ['4.14.0-202301010000', '4.14.0-202302010000']),
          ...operatorImages(storage, ['1.1.0']),
        ]),
      ].toSorted(),
    );
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
    expect(warnings).toEqual([
      `bundle sriov-network-operator.v4.14.0-202302010000 of package sriov-network-operator of ${registry.host}/lab/red:v1 is deprecated: 4.14.0-202302010000 is out of support. Update.`,
      `package local-storage-operator is chosen from two catalogs: ${registry.host}/lab/red:v1 and ${registry.host}/lab/certified:v1`,
    ]);
  });
});

it('v1 takes along what operators require, out of packages that were not asked for', async () => {
  const needy: OperatorShape = { ...storage, name: 'needy-operator', requires: 'ptp-operator' };
  const layers = [catalogFiles([needy, ...operators], { format: 'json', layout: 'folders' })];
  addIndexImage(registry, { repository: 'lab/index', tag: 'v1', layers });
  const found = await read(asking('lab/index:v1', [wants('needy-operator')], 'v1alpha2'));
  const expected = [...operatorImages(needy, ['1.1.0']), ...operatorImages(ptp, ['4.14.1'])];
  expect(imagesOf(found)).toEqual([...new Set(expected)].toSorted());
  const alone = await read(asking('lab/index:v1', [wants('needy-operator')], 'v2alpha1'));
  expect(imagesOf(alone)).toEqual(operatorImages(needy, ['1.1.0']));
});

describe('a catalog that cannot be taken is refused', () => {
  const add = (layers: readonly (readonly TarEntry[])[], labels?: Record<string, string>) =>
    addIndexImage(registry, {
      repository: 'lab/index',
      tag: 'v1',
      layers,
      ...(labels === undefined ? {} : { labels }),
    });

  it('as a database', async () => {
    add([[textFile('database/index.db', 'SQLite format 3')]], {
      'operators.operatorframework.io.index.database.v1': '/database/index.db',
    });
    const error = await failure(asking('lab/index:v1', []));
    expect(error.code).toBe('invalid-document');
    expect(error.message).toContain('is an SQLite index');
  });

  it('without files', async () => {
    add([[textFile('etc/os-release', '')]], {});
    const error = await failure(asking('lab/index:v1', []));
    expect(error).toMatchObject({
      code: 'invalid-document',
      message: expect.stringContaining('no catalog in /configs'),
    });
  });

  it('with every mistake at once, by file and line', async () => {
    const files = [
      textFile('configs/a.json', '{\n  "schema": "olm.package",\n  "name": "a",\n}\n'),
      textFile(
        'configs/b.yaml',
        'schema: olm.package\nname: b\n---\nschema: olm.channel\nname: c\npackage: b\n',
      ),
      textFile('configs/c.json', '\n{ "schema": "olm.package", "name": "b" }\n'),
      textFile(
        'configs/d.json',
        '{ "schema": "olm.bundle", "name": "x", "package": "nobody", "image": "i" }\n',
      ),
    ];
    add([files]);
    const error = await failure(asking('lab/index:v1', []));
    expect(error.code).toBe('invalid-document');
    const messages = messagesOf(error);
    expect(messages.filter((text) => text.startsWith('a.json:4: this is no JSON'))).toHaveLength(1);
    expect(messages).toContain(
      'b.yaml:4: olm.channel: entries: Invalid key: Expected "entries" but received undefined',
    );
    expect(messages).toContain('c.json:2: package b is here a second time: it is in b.yaml:1 too');
    expect(messages).toContain('d.json:1: it belongs to package nobody, which the catalog does not have');
  });

  it('where packages, channels and versions do not exist, with the nearest that do', async () => {
    add([catalogFiles(operators, { format: 'json', layout: 'folders' })]);
    const error = await failure(
      asking('lab/index:v1', [
        wants('ptp'),
        wants('sriov-network-operator', { channels: [{ name: 'stabel' }] }),
        wants('local-storage-operator', { minVersion: '2.0.0' }),
      ]),
    );
    expect(error.code).toBe('not-found');
    const catalog = `${registry.host}/lab/index:v1`;
    expect(messagesOf(error)).toEqual([
      `no package ptp in ${catalog} (the nearest packages: ptp-operator, local-storage-operator, sriov-network-operator)`,
      `no channel stabel in package sriov-network-operator of ${catalog} (the nearest channels: stable)`,
      `no version from 2.0.0 to the last in channel stable of package local-storage-operator of ${catalog} (the nearest versions: 1.0.0, 1.1.0)`,
    ]);
  });
});
