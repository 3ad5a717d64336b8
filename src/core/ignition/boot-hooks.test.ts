import { expect, it } from 'vitest';
import { bootHooks, isHookMount, mountedLabel } from './boot-hooks.ts';

it.each([
  ['discovery', 'precache-images.service', '/usr/local/bin/extract-ai.sh'],
  ['installation', 'precache-ocp-images.service', '/usr/local/bin/extract-ocp.sh'],
] as const)('%s: one mount of the label, one service that runs the script', (stage, service, script) => {
  const { units, files } = bootHooks(stage, 'my-label');
  expect(units.map(({ name, enabled }) => [name, enabled])).toEqual([
    ['var-mnt.mount', undefined],
    [service, true],
  ]);
  const [mount, unit] = units.map(({ contents }) => contents);
  expect(mount).toContain('\nWhat=/dev/disk/by-partlabel/my-label\n');
  expect(mount).not.toContain('by-partlabel/data');
  expect(mount && isHookMount(mount) && mountedLabel(mount)).toBe('my-label');
  expect(unit).toContain(`\nExecStart=/usr/bin/bash ${script}\n`);
  expect(files).toMatchObject([{ path: script, mode: 0o755, overwrite: true }]);
});
