import { expect, it } from 'vitest';
import { DocumentError } from '../diagnostics/diagnostic.ts';
import { positionAt } from '../diagnostics/source-text.ts';
import { duOperatorsOf } from './du-operators.ts';
import { readDuOperators } from './read-du-operators.ts';
import { readFilterFile } from './read-filter-file.ts';

function mistakesOf(read: (source: { name: string; text: string }) => unknown, text: string): string[] {
  try {
    read({ name: 'file.yaml', text });
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.diagnostics.map(({ id, message, span }) => {
      const { line, column } = positionAt(text, span?.start ?? 0);
      return `${line}:${column} ${id}: ${message}`;
    });
  }
  throw new Error('it was read');
}

it('a list of operators of the DU profile', () => {
  const list = readDuOperators({
    name: 'du.yaml',
    text: `operators:
- package: ptp-operator
  channel: stable
- package: lvms-operator
  channel: stable-{release}
  since: '4.12'
  before: '4.15'
- { package: sriov-fec, catalog: certified, channel: stable }
`,
  });
  expect(duOperatorsOf('4.14', list)).toEqual([
    { package: 'ptp-operator', catalog: 'redhat', channel: 'stable' },
    { package: 'lvms-operator', catalog: 'redhat', channel: 'stable-4.14' },
    { package: 'sriov-fec', catalog: 'certified', channel: 'stable' },
  ]);
  expect(duOperatorsOf('4.15', list).map((each) => each.package)).toEqual(['ptp-operator', 'sriov-fec']);
});

it.each([
  ['', ['1:1 du-operators/empty: no operators in it']],
  ['operators: []\n', ['1:1 du-operators/empty: no operators in it']],
  ['operator: []\n', ['1:1 du-operators/unknown-key: the document has no field "operator"']],
  [
    'operators:\n- package: a\n- {package: b, channel: c, catalog: community, since: 4.12}\n',
    [
      '2:3 du-operators/missing: operators[0] has no channel',
      '3:37 du-operators/catalog: "community" is no catalog',
      '3:55 du-operators/kind: operators[1].since is a number, not a text',
    ],
  ],
  [
    "operators: [{package: b, channel: c, since: 'v4'}]\n",
    ['1:45 du-operators/release: operators[0].since: "v4" is no release'],
  ],
])('mistakes of one: %j', (text, expected) => {
  expect(mistakesOf(readDuOperators, text)).toEqual(expected);
});

it('a filter file is one pattern that matches what any of its patterns does', () => {
  const read = (text: string): string => readFilterFile({ name: 'filters.yaml', text });
  expect(read('patterns:\n- azure\n')).toBe('azure');
  expect(read('patterns:\n- azure|aws\n- ^x$\n')).toBe('(?:azure|aws)|(?:^x$)');
  expect(read('patterns: []\n')).toBe('');
});

it.each([
  ['pattern: []\n', ['1:1 filter/unknown-key: the document has no field "pattern"']],
  [
    'patterns: ["(a", [], "(?=b)"]\n',
    [
      expect.stringContaining('1:12 filter/expression: --filter "(a" is no RE2 expression'),
      '1:18 filter/kind: patterns[1] is a list, not a text',
      expect.stringContaining('1:22 filter/expression: --filter "(?=b)" is no RE2 expression'),
    ],
  ],
])('mistakes of one: %j', (text, expected) => {
  expect(mistakesOf(readFilterFile, text)).toEqual(expected);
});
