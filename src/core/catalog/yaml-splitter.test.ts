import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { MetaKeys } from './json-splitter.ts';
import { createYamlSplitter } from './yaml-splitter.ts';

function split(text: string, sizes: readonly number[], drop: (keys: MetaKeys) => boolean = () => false) {
  const result = {
    documents: [] as string[],
    lines: [] as number[],
    dropped: [] as MetaKeys[],
    broken: [] as string[],
  };
  const splitter = createYamlSplitter({
    drop,
    document: (document, line) => {
      result.documents.push(document.toString());
      result.lines.push(line);
    },
    dropped: (keys) => result.dropped.push(keys),
    broken: (message, line) => result.broken.push(`${line}: ${message}`),
  });
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    splitter.push(bytes.subarray(at, at + size));
    at += size;
  }
  splitter.end();
  return result;
}

const text = fc.string({
  unit: fc.constantFrom('-', '\n', ' ', 'a', ':', '#', '"', '.', '---', '\n---'),
  maxLength: 30,
});
const document = fc.record(
  {
    schema: text,
    name: text,
    package: fc.oneof(text, fc.constantFrom('a-operator', '1.5')),
    more: fc.jsonValue(),
  },
  { requiredKeys: ['schema'] },
);

it('finds what a parser of the whole text finds, whatever the chunks', () => {
  fc.assert(
    fc.property(
      fc.array(document, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
      (values, sizes) => {
        const stream = values.map((each) => `---\n${stringify(each)}`).join('');
        const whole = parseAllDocuments(stream);
        const found = split(stream, sizes);
        expect(found.broken).toEqual([]);
        expect(found.documents.flatMap((each) => parseAllDocuments(each)).map((each) => each.toJS())).toEqual(
          Array.isArray(whole) ? whole.map((each) => each.toJS()) : [],
        );
      },
    ),
    { numRuns: 100, seed: 4 },
  );
}, 30_000);

it('drops only by keys that a parser reads too', () => {
  fc.assert(
    fc.property(fc.array(document, { minLength: 1, maxLength: 4 }), (values) => {
      const stream = values.map((each) => `---\n${stringify(each)}`).join('');
      const asked: MetaKeys[] = [];
      split(stream, [1000], (keys) => {
        asked.push(keys);
        return true;
      });
      expect(asked).toHaveLength(values.length);
      for (const [index, keys] of asked.entries()) {
        for (const key of ['schema', 'name', 'package'] as const) {
          if (keys[key] !== undefined) expect(keys[key]).toBe(values[index]?.[key]);
        }
      }
    }),
    { numRuns: 100, seed: 5 },
  );
}, 30_000);

it('tells lines, passes over what is empty, and keeps markers in text', () => {
  const found = split(
    '# a catalog\n---\n---\na: 1\n---\t# two\nb: |\n  ---\n  x\nc: "---"\n...\n---x: 1\n---',
    [5],
  );
  expect(found.documents).toEqual(['---\na: 1\n', '---\t# two\nb: |\n  ---\n  x\nc: "---"\n...\n---x: 1\n']);
  expect(found.lines).toEqual([3, 5]);
});

it('passes over a row of number signs in no time', () => {
  const began = performance.now();
  const banner = `${'#'.repeat(30)}\n# ${'# '.repeat(30)}\n`;
  expect(split(`---\n${banner}---\n${banner}schema: a\n`, [1000]).documents).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(5000);
});

it('knows keys in quotes, and none that are there twice', () => {
  const keys: MetaKeys[] = [];
  const drop = (each: MetaKeys) => {
    keys.push(each);
    return true;
  };
  split('schema: "olm.bundle" # it is\nname: \'a.v1\'\npackage: a\nx:\n  package: b\n', [9], drop);
  expect(keys).toEqual([{ schema: 'olm.bundle', name: 'a.v1', package: 'a' }]);
  expect(split('schema: a\npackage: b\npackage: c\n', [9], () => true).documents).toHaveLength(1);
});

it('does not keep more than a document may have', () => {
  const broken: string[] = [];
  const splitter = createYamlSplitter({
    drop: () => false,
    document: () => undefined,
    dropped: () => undefined,
    broken: (message, line) => broken.push(`${line}: ${message}`),
  });
  splitter.push(Buffer.from('a: 1\n---\n'));
  for (let each = 0; each < 17; each += 1) splitter.push(Buffer.alloc(1024 * 1024, 'b: 1\n'));
  splitter.end();
  expect(broken).toEqual(['2: the document that begins here is larger than 16 MiB']);
});
