import { describe, expect, it } from 'vitest';
import { parseUnit } from './unit.ts';

describe('parseUnit', () => {
  it('gives sections and options with their places', () => {
    const text = '# a\n[Service]\nExecStart=/bin/a \\\n  b\n\nType = oneshot\n[Install]\n';
    const { sections, mistake } = parseUnit(text);
    expect(mistake).toBeUndefined();
    const view = sections.map((section) => [
      text.slice(section.start, section.end),
      ...section.options.map(({ name, value, start, end }) => [name, value, text.slice(start, end)]),
    ]);
    expect(view).toEqual([
      [
        '[Service]',
        ['ExecStart', '/bin/a b', 'ExecStart=/bin/a \\\n  b'],
        ['Type', 'oneshot', 'Type = oneshot'],
      ],
      ['[Install]'],
    ]);
  });

  it.each([
    ['[Service', '['],
    ['[Service] x\n', ' '],
    ['[A]\nwrong\n', 'wrong'],
    ['[A]\nb=c \\\n# no comment here\n  d\n', 'd'],
    [`[A]\nb=${'x'.repeat(2100)}\n`, 'b'],
    [`[A]\nb=${'ä'.repeat(1100)}\n`, 'b'],
  ])('says where %.30j is wrong', (text, at) => {
    const { mistake } = parseUnit(text);
    expect(text.slice(mistake?.span.start, mistake?.span.end)).toBe(at);
  });
});
