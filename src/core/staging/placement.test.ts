import { describe, expect, it } from 'vitest';
import { placementOf } from './placement.ts';

describe('placementOf', () => {
  it.each([
    ['pool', ['ocp'], true, false, { pooled: true, stored: false }],
    ['storage', ['ocp'], true, false, { pooled: false, stored: true }],
    ['storage', ['ai', 'ocp'], true, false, { pooled: true, stored: true }],
    ['storage', ['ai'], true, false, { pooled: true, stored: false }],
    ['storage', ['ocp'], false, false, { pooled: true, stored: false }],
    ['storage', ['ocp'], true, true, { pooled: true, stored: true }],
  ] as const)(
    '%s, groups %j, loadable %s, blobs kept %s',
    (format, groups, loadable, keepBlobs, expected) => {
      expect(placementOf({ groups, loadable }, { format, keepBlobs })).toEqual(expected);
    },
  );
});
