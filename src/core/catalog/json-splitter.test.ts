import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonSplitter, type MetaKeys } from './json-splitter.ts';

interface Split {
  readonly documents: readonly { readonly text: string; readonly line: number }[];
  readonly dropped: readonly MetaKeys[];
  readonly broken: readonly string[];
}

function split(
  bytes: Buffer,
  sizes: readonly number[],
  drop: (keys: MetaKeys) => boolean = () => false,
): Split {
  const result = {
    documents: [] as { text: string; line: number }[],
    dropped: [] as MetaKeys[],
    broken: [] as string[],
  };
  const splitter = createJsonSplitter({
    drop,
    document: (document, line) => result.documents.push({ text: document.toString(), line }),
    dropped: (keys) => result.dropped.push({ ...keys }),
    broken: (message, line) => result.broken.push(`${line}: ${message}`),
  });
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    splitter.push(bytes.subarray(at, at + size));
    at += size;
  }
  splitter.end();
  return result;
}

const keyNames = ['schema', 'name', 'package', 'x', 'na\\me', '"', '\u00e9'];
const value = fc.oneof(
  fc.jsonValue(),
  fc.string({
    unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', ',', 'a', '\u{1f600}'),
    maxLength: 200,
  }),
);
const document = fc.dictionary(fc.constantFrom(...keyNames), value);
const streams = fc.record({
  documents: fc.array(fc.tuple(document, fc.constantFrom(0, 1, 4)), { maxLength: 6 }),
  between: fc.constantFrom('', '\n', ' \r\n\n\t'),
  sizes: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
});

describe('the splitter', () => {
  it('finds what JSON.parse finds, whatever the chunks', () => {
    fc.assert(
      fc.property(streams, ({ documents, between, sizes }) => {
        const texts = documents.map(([each, indent]) => JSON.stringify(each, undefined, indent));
        const found = split(Buffer.from(texts.join(between)), sizes);
        expect(found.broken).toEqual([]);
        expect(found.documents.map(({ text }) => JSON.parse(text))).toEqual(
          texts.map((text) => JSON.parse(text)),
        );
        const before = texts.map((_, index) =>
          texts
            .slice(0, index)
            .map((text) => text + between)
            .join(''),
        );
        expect(found.documents.map(({ line }) => line)).toEqual(
          before.map((text) => text.split('\n').length),
        );
      }),
      { numRuns: 200, seed: 4 },
    );
  }, 30_000);

  it('knows the keys of a document it drops as JSON.parse does', () => {
    fc.assert(
      fc.property(streams, ({ documents, between, sizes }) => {
        const texts = documents.map(([each, indent]) => JSON.stringify(each, undefined, indent));
        const found = split(Buffer.from(texts.join(between)), sizes, () => true);
        const keys = documents
          .map(([each]) => each)
          .map((each) => {
            const text = (name: string) => (typeof each[name] === 'string' ? each[name] : undefined);
            return { schema: text('schema'), name: text('name'), package: text('package') };
          });
        const isDropped = (each: MetaKeys) => Object.values(each).some((key) => key !== undefined);
        expect(found.dropped).toEqual(keys.filter(isDropped));
        expect(found.documents).toHaveLength(keys.filter((each) => !isDropped(each)).length);
      }),
      { numRuns: 200, seed: 5 },
    );
  }, 30_000);

  it('reads only keys of the top level, and reads them unescaped', () => {
    const text = '{"a":{"package":"inner"},"b":["package","x"],"p\\u0061ckage":"o\\u0075ter","c":"package"}';
    expect(split(Buffer.from(text), [7], () => true).dropped).toEqual([
      { schema: undefined, name: undefined, package: 'outer' },
    ]);
  });

  it.each([
    ['{"a": 1}\n[2]', '2: this is no JSON object'],
    ['{"a": 1}\n\n{"b": {"c": 1}\n', '3: the document that begins here does not end'],
    ['{"a": "b\n"}', '1: a string is not closed on its line'],
    [`{"a": "${'b'.repeat(100)}\n"}`, '1: a string is not closed on its line'],
    [`{"a": {"b": "\\"${'b'.repeat(100)}\\"\n"}}`, '1: a string is not closed on its line'],
    [`{"a": ${'['.repeat(2000)}`, '1: nested more than 1000 levels deep'],
  ])('says where %j is broken', (text, message) => {
    for (const size of [1, 3, 1000]) expect(split(Buffer.from(text), [size]).broken).toEqual([message]);
  });

  it('does not keep more than a document may have', () => {
    const found: string[] = [];
    const splitter = createJsonSplitter({
      drop: () => false,
      document: () => undefined,
      dropped: () => undefined,
      broken: (message, line) => found.push(`${line}: ${message}`),
    });
    splitter.push(Buffer.from('\n{"a": "'));
    const mebibyte = Buffer.alloc(1024 * 1024, 'a');
    for (let each = 0; each < 70; each += 1) splitter.push(mebibyte);
    splitter.end();
    expect(found).toEqual(['2: the document that begins here is larger than 64 MiB']);
  });
});
