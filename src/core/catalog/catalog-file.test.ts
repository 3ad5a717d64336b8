import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentsOf, type OperatorShape, streamOf } from '../../../test/support/operator-catalog.ts';
import { createCatalogFile, type FileReading } from './catalog-file.ts';
import type { Wanted } from './model.ts';

function read(text: string | Buffer, wanted?: Wanted, size = 1000): FileReading {
  const file = createCatalogFile('f', wanted);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) file.push(bytes.subarray(at, at + size));
  return file.end();
}

const problemsOf = ({ problems }: FileReading) =>
  problems.map(({ severity, file, line, message }) => `${severity} ${file}:${line}: ${message}`);

const one: OperatorShape = { name: 'one', defaultChannel: 'a', channels: { a: ['1.0.0', '1.1.0'] } };
const two: OperatorShape = { ...one, name: 'two', deprecated: ['1.0.0'] };

describe('a file of a catalog', () => {
  it.each(['json', 'yaml'] as const)('keeps only what is wanted, in %s, and the names of all', (format) => {
    const text = streamOf([...documentsOf(one), ...documentsOf(two)], format);
    for (const size of [1, 77, 1_000_000]) {
      const reading = read(text, new Set(['two']), size);
      expect(reading.problems).toEqual([]);
      expect(reading.names).toEqual(['one', 'two']);
      const kept = reading.metas.map((meta) => ('package' in meta ? meta.package : meta.name));
      expect(kept).toEqual(documentsOf(two).map(() => 'two'));
    }
    const whole = read(text);
    expect(whole.metas).toHaveLength(documentsOf(one).length + documentsOf(two).length);
    expect(
      whole.metas.find((meta) => meta.schema === 'olm.bundle' && meta.name === 'two.v1.1.0'),
    ).toMatchObject({
      package: 'two',
      version: { release: [1, 1, 0] },
      relatedImages: [{ name: 'operand' }, { name: '' }, { name: 'kube-rbac-proxy' }],
    });
  });

  it('is the same in JSON and in YAML', () => {
    const documents = [...documentsOf(one), ...documentsOf(two)];
    const strip = ({ metas }: FileReading) => metas.map((meta) => ({ ...meta, line: 0 }));
    expect(strip(read(streamOf(documents, 'yaml')))).toEqual(strip(read(streamOf(documents, 'json'))));
  });

  it('finds keys at the end of a document, after those of others inside', () => {
    const text =
      '{"properties": [{"type": "t", "package": "two", "name": "two", "schema": "olm.package"}], "name": "x.v1", "package": "one", "schema": "olm.bundle"}';
    expect(read(text, new Set(['two'])).metas).toEqual([]);
    expect(read(text, new Set(['one'])).metas).toMatchObject([{ name: 'x.v1', package: 'one' }]);
  });

  it('takes JSON inside YAML', () => {
    expect(
      read('---\n{"schema": "olm.package", "name": "a"}\n---\nschema: olm.package\nname: b\n').names,
    ).toEqual(['a', 'b']);
  });

  it('passes over schemas it does not know, and tells of those of OLM that belong to what is wanted', () => {
    const text = [
      '{"schema": "custom.thing", "package": "one"}',
      '{"schema": "olm.new", "package": "one"}',
      '{"schema": "olm.new", "package": "one"}',
      '{"schema": "olm.other", "package": "two"}',
    ].join('\n');
    expect(problemsOf(read(text, new Set(['one'])))).toEqual([
      'warning f:2: documents of the unknown schema olm.new are passed over',
    ]);
    expect(problemsOf(read('schema: olm.new\npackage: one\n', new Set(['one'])))).toHaveLength(1);
  });

  it.each([
    [
      '\n\n{"schema": "olm.bundle",\n "name": 5, "package": "a"}',
      ['error f:3: olm.bundle: name: Invalid type: Expected string but received 5'],
    ],
    ['{"name": "a"}', ['error f:1: the document names no schema']],
    ['[1]', ['error f:1: this is no object']],
    ['- a\n- b\n', ['error f:1: this is no object']],
    [
      '{"schema": "olm.package", "name": "a"}\n{"schema": "olm.package" "name": "b"}',
      [expect.stringContaining('error f:2: this is no JSON')],
    ],
    ['{"schema": "olm.package",\n\n "name": }', [expect.stringContaining('error f:3: this is no JSON')]],
    [
      'a: 1\n---\nschema: olm.package\nname: [\n',
      [
        expect.stringContaining('f:1: the document names no schema'),
        expect.stringContaining('this is no YAML'),
      ],
    ],
    [
      '{"schema": "olm.package", "package": "a", "schema": "olm.bundle"',
      ['error f:1: the document that begins here does not end'],
    ],
  ])('says what is wrong with %j, and where', (text, expected) => {
    expect(problemsOf(read(text))).toEqual(expected);
  });

  it('does not take a document for another whose keys come twice', () => {
    const text = '{"schema": "olm.bundle", "package": "two", "name": "x", "package": "one"}';
    expect(problemsOf(read(text, new Set(['one'])))).toEqual([
      'error f:1: the document names its schema, name or package twice',
    ]);
  });
});

it('ends in a reading or in problems, whatever is done to a file', () => {
  const streams = (['json', 'yaml'] as const).map((format) => streamOf(documentsOf(two), format));
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    removed: fc.integer({ min: 0, max: 40 }),
    added: fc.string({
      unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', '\n', '---', ':', '&a', '*a', '\0', 'x'),
      maxLength: 5,
    }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...streams),
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      (stream, damages) => {
        const text = damages.reduce((before, { at, removed, added }) => {
          const start = Math.floor(at * before.length);
          return before.slice(0, start) + added + before.slice(start + removed);
        }, stream);
        const whole = read(text, undefined, 1_000_000);
        expect(read(text, undefined, 61)).toEqual(whole);
        for (const { file, line } of [...whole.metas, ...whole.problems]) {
          expect(file).toBe('f');
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(text.split('\n').length);
        }
      },
    ),
    { numRuns: 80, seed: 4 },
  );
}, 60_000);

describe('YAML made to hurt', () => {
  it.each([
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, at) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[at]}`).join(',')}]`).join('\n')}\n`,
    ],
    ['deep nesting', `a: ${'['.repeat(5000)}\n`],
    ['deep blocks', Array.from({ length: 3000 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')],
    ['anchors of anchors', `a: ${'&x '.repeat(2000)}1\n`],
  ])('is refused: %s', (_what, text) => {
    const [problem, ...more] = read(`schema: olm.package\nname: a\n${text}`).problems;
    expect(more.length).toBeLessThan(60);
    expect(problem).toMatchObject({ severity: 'error', message: expect.stringContaining('this is no YAML') });
    expect(problem?.line).toBeGreaterThan(2);
  });

  it('is passed over with the package it belongs to', () => {
    const bomb = `schema: olm.bundle\nname: x\npackage: other\na: ${'['.repeat(5000)}\n`;
    expect(read(bomb, new Set(['one'])).problems).toEqual([]);
  });

  it('is not kept, if it is all one line', () => {
    const file = createCatalogFile('f', undefined);
    file.push(Buffer.from('a: '));
    for (let each = 0; each < 20; each += 1) file.push(Buffer.alloc(1024 * 1024, 'x'));
    expect(problemsOf(file.end())).toEqual([
      'error f:1: the document that begins here is larger than 16 MiB',
    ]);
  });
});
