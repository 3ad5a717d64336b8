import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLayerStack } from './layer-stack.ts';

/** What shows of each layer, from the top down. */
function visible(layers: readonly (readonly string[])[]): string[][] {
  const stack = createLayerStack('configs');
  return layers.map((entries) => {
    const seen = entries.filter((path) => stack.shows(path));
    for (const path of entries) stack.note(path);
    stack.down();
    return seen;
  });
}

describe('layers from the top down', () => {
  it.each([
    [
      'a file stands for the one below',
      [['configs/a'], ['configs/a', 'configs/b']],
      [['configs/a'], ['configs/b']],
    ],
    ['a whiteout', [['configs/.wh.a'], ['configs/a', 'configs/ab']], [['configs/.wh.a'], ['configs/ab']]],
    ['a whiteout of a folder above', [['.wh.configs'], ['configs/a']], [['.wh.configs'], []]],
    [
      'an opaque folder',
      [['configs/x/.wh..wh..opq'], ['configs/x/a', 'configs/y']],
      [['configs/x/.wh..wh..opq'], ['configs/y']],
    ],
    ['an opaque root', [['.wh..wh..opq'], ['configs/x/a']], [['.wh..wh..opq'], []]],
    ['a file in the place of a folder', [['configs/x'], ['configs/x/a']], [['configs/x'], []]],
    ['a file in the place of the root', [['configs'], ['configs/x/a']], [['configs'], []]],
    ['a folder in the place of a file', [['configs/x/a'], ['configs/x']], [['configs/x/a'], []]],
    [
      'a whiteout beside its own name',
      [['configs/a', 'configs/.wh.a'], ['configs/a']],
      [['configs/a', 'configs/.wh.a'], []],
    ],
    [
      'other folders',
      [
        ['etc/.wh.a', 'etc/b'],
        ['configs/a', 'configs/b'],
      ],
      [
        ['etc/.wh.a', 'etc/b'],
        ['configs/a', 'configs/b'],
      ],
    ],
  ])('%s', (_what, layers, expected) => {
    expect(visible(layers)).toEqual(expected);
  });

  it('is the same as laying them one over the other from the base up', () => {
    const path = fc.constantFrom('configs/a', 'configs/b', 'configs/x/a', 'configs/x/b', 'configs/x/y/a');
    const entry = fc.oneof(
      path,
      path.map((each) => each.replace(/[^/]*$/, '.wh.$&')),
      fc.constantFrom('configs/x/.wh..wh..opq', 'configs/.wh.x', 'configs/.wh..wh..opq'),
    );
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(entry, { maxLength: 6 }), { maxLength: 4 }), (layers) => {
        const union = new Map<string, number>();
        for (const [index, entries] of [...layers.entries()].toReversed()) {
          for (const each of entries.filter((name) => name.includes('.wh.'))) {
            const folder = each.slice(0, each.indexOf('.wh.'));
            const name = folder + each.slice(folder.length + '.wh.'.length);
            for (const known of union.keys()) {
              const hidden = each.endsWith('.wh..wh..opq')
                ? known.startsWith(folder)
                : known === name || known.startsWith(`${name}/`);
              if (hidden) union.delete(known);
            }
          }
          for (const each of entries.filter((name) => !name.includes('.wh.'))) union.set(each, index);
        }
        const seen = visible(layers).flatMap((paths, index) =>
          paths.filter((each) => !each.includes('.wh.')).map((each) => [each, index] as const),
        );
        expect(new Map(seen)).toEqual(union);
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});
