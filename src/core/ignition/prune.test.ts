import { expect, it } from 'vitest';
import { parseJson } from '../json/tree.ts';
import { applySplices } from '../splice.ts';
import { pruneIgnition } from './prune.ts';

function prune(text: string): string {
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new Error('no object');
  const ours = (name: string) => name.includes('ours');
  return applySplices(text, pruneIgnition(text, root, { unit: ours, path: ours }));
}

it.each([
  [
    '{"systemd": {"units": [{"name": "ours"}]}, "ignition": {"version": "3.1.0"}}',
    '{"ignition": {"version": "3.1.0"}}',
  ],
  [
    '{"ignition": {}, "systemd": {"units": [{"name": "ours"}, {"name": "a"}]}}',
    '{"ignition": {}, "systemd": {"units": [{"name": "a"}]}}',
  ],
  [
    '{"storage": {"files": [], "links": [{"path": "/ours"}]}, "a":  1.0}',
    '{"storage": {"files": []}, "a":  1.0}',
  ],
  ['{"storage": {"files": []}, "systemd": {"units": []}, "passwd": {}}', undefined],
  ['{"storage": {"files": [{"path": "/ours"}], "disks": [1]}}', '{"storage": {"disks": [1]}}'],
  [
    '{"storage": {"files": [{"path": "/ours"}], "directories": [{"path": "/ours/b"}]}, "x": [ ]}',
    '{"x": [ ]}',
  ],
])('%s', (text, expected) => {
  expect(prune(text)).toBe(expected ?? text);
});
