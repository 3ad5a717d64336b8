import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { formatLock, type ImageSetLock, parseLock } from './lock.ts';

const digest = (char: string) => `sha256:${char.repeat(64)}` as const;
const lock: ImageSetLock = {
  schemaVersion: 1,
  platform: 'linux/amd64',
  filter: '^aws-',
  resolved: { 'stable-4.14': '4.14.7', 'fast-4.15': '4.15.0' },
  references: { 'quay.io/lab/tool:1': digest('b'), 'quay.io/lab/agent:1': digest('a') },
};
const parse = (text: string) => parseLock({ name: 'imageset.lock', text });
const mistakesOf = (text: string): readonly string[] => {
  try {
    parse(text);
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ message }) => message);
  }
};

describe('imageset.lock', () => {
  it('is sorted, and read as it was written', () => {
    const text = formatLock(lock);
    expect(text.indexOf('fast-4.15')).toBeLessThan(text.indexOf('stable-4.14'));
    expect(text.indexOf('lab/agent')).toBeLessThan(text.indexOf('lab/tool'));
    expect(parse(text)).toEqual(lock);
    expect(formatLock(parse(text))).toBe(text);
  });

  it('names every mistake with its place', () => {
    const text =
      '{"schemaVersion": 2, "platform": "linux/amd64", "references": {"x": 1}, "resolved": {}, "more": 1}';
    expect(mistakesOf(text)).toHaveLength(3);
    expect(mistakesOf('{"schemaVersion": 1,')).toEqual(['not JSON: the text ends too early']);
    const references = { 'a:1': digest('a'), [`quay.io/a@${digest('b')}`]: digest('b') };
    expect(mistakesOf(JSON.stringify({ ...lock, references }))).toEqual([
      '"a:1" is no image reference: it names no registry',
      `"quay.io/a@${digest('b')}" is pinned by itself`,
    ]);
  });

  it('is refused, and never breaks the reader, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(mistakesOf(text).length).toBeGreaterThan(0);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
