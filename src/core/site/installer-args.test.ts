import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeInstallerArgs, removeInstallerArgs } from './installer-args.ts';

const save = '--save-partlabel';

function merge(args: readonly string[] | undefined, former?: string): unknown {
  const result = mergeInstallerArgs(args && JSON.stringify(args), 'new', former);
  return JSON.parse(result.text ?? 'null');
}

describe('mergeInstallerArgs', () => {
  it.each([
    ['nothing', undefined, undefined, [save, 'new']],
    ['an empty list', [], undefined, [save, 'new']],
    ['other arguments', ['-n'], undefined, ['-n', save, 'new']],
    ["the user's own label", [save, 'own'], undefined, [save, 'own', save, 'new']],
    ['the label of the hooks so far', [save, 'old', '-n'], 'old', [save, 'new', '-n']],
    ['that label in a list', [save, 'own,old'], 'old', [save, 'own,new']],
    ['the label twice', [save, 'new', '-n', save, 'new'], undefined, [save, 'new', '-n']],
    ['the label twice in lists', [save, 'new,new', save, 'own,new'], undefined, [save, 'new', save, 'own']],
    ['old and new', [save, 'old', save, 'new'], 'old', [save, 'new']],
    ['a flag without its value at the end', ['-n', save], undefined, ['-n', save, 'new']],
    ['a flag without its value before another', [save, '-n'], undefined, ['-n', save, 'new']],
    ['a flag without its value, and the label', [save, 'new', save], undefined, [save, 'new']],
    [
      'the label as a value of another flag',
      ['--append-karg', 'new'],
      undefined,
      ['--append-karg', 'new', save, 'new'],
    ],
  ])('%s', (_, args, former, expected) => {
    expect(merge(args, former)).toEqual(expected);
  });

  it.each(['["--save-partlabel","new"]', '[\n  "-n",\n  "--save-partlabel", "new"\n]\n'])(
    'leaves %j as it is',
    (text) => {
      expect(mergeInstallerArgs(text, 'new', 'old').text).toBe(text);
    },
  );

  it('keeps the layout', () => {
    expect(mergeInstallerArgs('[\n  "-n"\n]\n', 'new', undefined).text).toBe(
      '[\n  "-n",\n  "--save-partlabel",\n  "new"\n]\n',
    );
  });

  it('saves the label exactly once, keeps every other argument, and is done after one run', () => {
    const arg = fc.constantFrom(save, 'new', 'old', 'own', 'own,old', '-n', '--append-karg', 'a=b');
    fc.assert(
      fc.property(fc.array(arg), fc.constantFrom(undefined, 'old'), (args, former) => {
        const once = merge(args, former) as string[];
        const labels = once.flatMap((item, index) => (once[index - 1] === save ? item.split(',') : []));
        expect(labels.filter((label) => label === 'new')).toHaveLength(1);
        expect(merge(once, former)).toEqual(once);
        const others = (list: readonly string[]) =>
          list.filter((item) => /^(-n|--append-karg|a=b)$/.test(item));
        expect(others(once)).toEqual(others(args));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["--append-karg 'a b'", 0, undefined],
    ['karg', 0, undefined],
    ['--save-partlabel=new', 0, 'write "--save-partlabel", "new"'],
    ['{"a": 1}', 0, undefined],
    ['["a", 1]', 6, undefined],
    ['["a", ["b"]]', 6, undefined],
    ['["--save-partlabel=new"]', 1, 'write "--save-partlabel", "new"'],
    ['["a"', 3, undefined],
  ])('refuses %s', (text, start, hint) => {
    const { mistakes } = mergeInstallerArgs(text, 'new', undefined);
    expect(mistakes).toMatchObject([{ severity: 'error', span: { start } }]);
    expect(mistakes[0]?.hint).toBe(hint);
  });

  it('takes words that can mean one thing only, and says so', () => {
    const { text, mistakes, ...result } = mergeInstallerArgs(' -n  --append-karg a=b\n', 'new', undefined);
    expect(mistakes).toEqual([]);
    expect(text).toBe('["-n", "--append-karg", "a=b", "--save-partlabel", "new"]');
    expect(result).toMatchObject({ warning: { severity: 'warning', id: 'installer-args' } });
  });
});

describe('removeInstallerArgs', () => {
  it.each([
    ['["--save-partlabel", "data"]', '[]', true],
    ['["-n", "--save-partlabel", "data", "-n"]', '["-n", "-n"]', false],
    ['["--save-partlabel", "own,data"]', '["--save-partlabel", "own"]', false],
    ['["--save-partlabel", "own"]', '["--save-partlabel", "own"]', false],
    ['["--save-partlabel"]', '["--save-partlabel"]', false],
  ])('%s becomes %s', (text, expected, bare) => {
    expect(removeInstallerArgs(text, 'data')).toEqual({ text: expected, bare, mistakes: [] });
  });
});
