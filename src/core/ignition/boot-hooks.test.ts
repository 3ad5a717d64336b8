import { expect, it } from 'vitest';
import { bootHooks, isHookMount, loadScript, mountedLabel } from './boot-hooks.ts';

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

it('puts the parts of the script into one file', () => {
  expect(loadScript).toMatch(/^#!\/usr\/bin\/bash\n/);
  expect(loadScript).not.toMatch(/^\. |shellcheck (?:source|shell)/m);
  for (const name of ['write_report', 'start_timer', 'recover', 'main']) {
    expect(loadScript.match(new RegExp(`^${name}\\(\\) \\{`, 'gm'))).toHaveLength(1);
  }
});

it.each([
  [undefined, '15min', 870, 60, 45],
  [600, '600s', 570, 60, 45],
  [60, '60s', 40, 20, 20],
  [10, '10s', 6, 3, 3],
])(
  'a deadline of %s leaves the script time to tell, and the wait for the disk to end',
  (deadline, ...times) => {
    const [mount = '', service = ''] = bootHooks('discovery', 'data', deadline).units.map(
      ({ contents }) => contents,
    );
    const [limit, own, job, mounting] = times;
    expect(service).toContain(`\nTimeoutStartSec=${limit}\n`);
    expect(service).toContain(`\nEnvironment=PRECACHE_DEADLINE=${own}\n`);
    expect(mount).toContain(`\nJobTimeoutSec=${job}s\n`);
    expect(mount).toContain(`\nTimeoutSec=${mounting}s\n`);
  },
);
