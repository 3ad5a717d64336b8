import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../json/tree.ts';
import { packOverride } from './pack-override.ts';
import { splitOverride } from './split-override.ts';

const split = (text: string) => {
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new Error('no override');
  return splitOverride(text, root);
};

describe('laws', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'B', '.', '/', '-', '\0', '\n', '\u00e9', '@', 'd') });
  const bytes = fc.uint8Array({ maxLength: 20 }).map((data) => Buffer.from(data));
  const source = fc.oneof(
    fc.string().map((text) => `data:,${encodeURIComponent(text)}`),
    bytes.map((data) => `data:;base64,${data.toString('base64')}`),
    name.map((text) => `data:,@files/${text}`),
    fc.string(),
  );
  const file = fc.record(
    {
      path: fc.oneof(
        name,
        name.map((text) => `/${text}`),
      ),
      contents: fc.record({ source }, { requiredKeys: [] }),
      append: fc.array(fc.record({ source }), { maxLength: 2 }),
      mode: fc.nat(),
    },
    { requiredKeys: ['path'] },
  );
  const contents = fc.oneof(
    fc.string(),
    name.map((text) => `@units/${text}`),
  );
  const units = fc.record(
    {
      name: name.map((text) => `${text}.service`),
      contents,
      dropins: fc.array(fc.record({ name, contents }), { maxLength: 2 }),
    },
    { requiredKeys: ['name'] },
  );
  const overrides = fc
    .record({
      ignition: fc.constant({ version: '3.1.0' }),
      systemd: fc.record({ units: fc.array(units, { maxLength: 3 }) }),
      storage: fc.record({ files: fc.array(file, { maxLength: 3 }) }),
    })
    .chain((value) => fc.constantFrom(undefined, 2).map((space) => JSON.stringify(value, undefined, space)));

  it('whatever is in an override, its files stay below the folder and beside each other', () => {
    let whole = 0;
    fc.assert(
      fc.property(overrides, (text) => {
        const { parts, config, mistakes } = split(text);
        if (mistakes.length > 0) return;
        whole += 1;
        const paths = parts.map(({ path }) => path);
        expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(paths.length);
        for (const path of paths) {
          expect(path).toMatch(/^(?:units|files|append)\/[^\0]+$/);
          expect(path.split('/')).not.toContain('..');
          expect(paths.some((other) => other.startsWith(`${path}/`))).toBe(false);
        }
        const files = new Map(parts.map((part) => [part.path, part.bytes]));
        const packed = packOverride(text, { config, files });
        // What is refused is what was wrong before.
        if (packed.mistakes.every(({ diagnostic }) => diagnostic.id.startsWith('ignition/'))) {
          expect(packed.text).toBe(text);
        } else expect(packed.mistakes).toEqual([]);
      }),
      { numRuns: 3000, seed: 11 },
    );
    expect(whole).toBeGreaterThan(300);
  });
});
