import { expect, it } from 'vitest';
import { bootHooks, isHookMount, mountedLabel } from './boot-hooks.ts';
import { loadScript, storageScript } from './boot-scripts.ts';
import { hookLabel } from './override.ts';
import { mergeHooks } from './merge-hooks.ts';
import { removeHooks } from './remove-hooks.ts';

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

it.each([
  ['load', loadScript, ['write_report', 'start_timer', 'recover', 'main']],
  ['storage', storageScript, ['tell_end', 'restore', 'check_storage']],
])('puts the parts of the %s script into one file', (_, script, functions) => {
  expect(script).toMatch(/^#!\/usr\/bin\/bash\n/);
  expect(script).not.toMatch(/^\. |shellcheck (?:source|shell)=/m);
  for (const name of functions) {
    expect(script.match(new RegExp(`^${name}\\(\\) \\{`, 'gm'))).toHaveLength(1);
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

const storage = (reclaim = false) =>
  bootHooks('installation', 'my-label', 600, { format: 'storage', reclaim });

it('the storage format: a mount of its own, a service that binds it, and the check in the place of the loading', () => {
  const { units, files } = storage();
  expect(units.map(({ name, enabled }) => [name, enabled])).toEqual([
    ['var-lib-precache.mount', undefined],
    ['precache-storage.service', true],
    ['precache-storage-spare.service', true],
    ['precache-ocp-images.service', true],
  ]);
  expect(units.map(({ contents }) => contents).join('')).not.toContain('by-partlabel/data');
  expect(units[1]?.contents).toContain('\nEnvironment=PRECACHE_DEVICE=/dev/disk/by-partlabel/my-label\n');
  expect(units[3]?.contents).toContain('\nTimeoutStartSec=600s\n');
  expect(files.map(({ path }) => path)).toEqual([
    '/usr/local/bin/precache-storage.sh',
    '/usr/local/bin/extract-ocp.sh',
  ]);
  expect(storage(true).units.map(({ name }) => name)).toContain('precache-reclaim.service');
  expect(bootHooks('discovery', 'my-label', 600, { format: 'storage', reclaim: true })).toEqual(
    bootHooks('discovery', 'my-label', 600),
  );
});

it('the hooks of one format take the place of those of the other, and all go', () => {
  const pool = mergeHooks(undefined, bootHooks('installation', 'my-label')).text;
  const stored = mergeHooks(pool, storage(true)).text ?? '';
  expect(stored).not.toContain('var-mnt.mount');
  expect(hookLabel(stored)).toBe('my-label');
  expect(mergeHooks(stored, storage(true)).text).toBe(stored);
  const back = mergeHooks(stored, bootHooks('installation', 'my-label')).text ?? '';
  for (const name of ['var-lib-precache', 'precache-storage', 'precache-reclaim'])
    expect(back).not.toContain(name);
  expect(back).toContain('var-mnt.mount');
  expect(removeHooks(stored)).toMatchObject({ bare: true });
});

const sum = 'a'.repeat(64);
const served = (format: 'pool' | 'storage') =>
  bootHooks('installation', 'my-label', 600, { format, reclaim: false, nodeRegistry: sum });
const unitOf = ({ units }: ReturnType<typeof served>, name: string) =>
  units.find((unit) => unit.name === name)?.contents ?? '';

it("the node's registry: only its setup starts with the boot, and loading is what is left when it does not serve", () => {
  const hooks = served('pool');
  expect(hooks.units.map(({ name, enabled }) => [name, enabled])).toEqual([
    ['var-mnt.mount', undefined],
    ['precache-ocp-images.service', true],
    ['precache-registry-setup.service', true],
    ['precache-registry.socket', undefined],
    ['precache-registry.service', undefined],
    ['precache-registry-mirrors.path', undefined],
    ['precache-registry-mirrors.service', undefined],
  ]);
  expect(unitOf(hooks, 'precache-registry-setup.service')).toContain(`_SHA256=${sum}\n`);
  const load = unitOf(hooks, 'precache-ocp-images.service');
  expect(load).toContain('\nConditionPathExists=!/run/precache/registry/serving\n');
  expect(load).toContain('\nAfter=precache-registry-setup.service\n');
  // It has been waited for.
  expect(load).not.toContain('ExecStartPre=');
  expect(hooks.files.map(({ path, mode }) => [path, mode])).toContainEqual([
    '/etc/tmpfiles.d/precache-registry.conf',
    0o644,
  ]);
  expect(
    bootHooks('discovery', 'my-label', 600, { format: 'pool', reclaim: false, nodeRegistry: sum }),
  ).toEqual(bootHooks('discovery', 'my-label', 600));
});

it("the node's registry beside a ready storage serves from where that is mounted, and waits for no disk again", () => {
  const hooks = served('storage');
  const setup = unitOf(hooks, 'precache-registry-setup.service');
  expect(setup).toContain('\nAfter=precache-storage.service\n');
  expect(setup).toContain('\nEnvironment=PRECACHE_FOLDER=/var/lib/precache\n');
  expect(setup).not.toContain('ExecStartPre=');
  expect(unitOf(hooks, 'precache-registry.service')).toContain(' --root /var/lib/precache ');
  for (const name of ['precache-registry.socket', 'precache-registry.service'])
    expect(unitOf(hooks, name)).toContain('\nBindsTo=var-lib-precache.mount\n');
  expect(unitOf(hooks, 'precache-ocp-images.service')).not.toContain('registry/serving');
  for (const { contents } of hooks.units) expect(contents).not.toContain('var-mnt');
});

it("the node's registry in the discovery stage reads by way of the whole disk, and loading is what is left", () => {
  const variant = { format: 'storage', reclaim: false, nodeRegistry: sum, discoveryRegistry: true } as const;
  const hooks = bootHooks('discovery', 'my-label', 600, variant);
  const setup = unitOf(hooks, 'precache-registry-setup.service');
  expect(setup).toContain('\nBefore=precache-images.service agent.service\n');
  expect(setup).toContain(`_SHA256=${sum}\n`);
  for (const name of ['precache-registry-setup.service', 'precache-registry-mirrors.service']) {
    const unit = unitOf(hooks, name);
    expect(unit).toContain('\nEnvironment=PRECACHE_FOLDER=/run/precache/partition\n');
    expect(unit).toContain(
      '\nEnvironment=PRECACHE_GROUP=ai PRECACHE_DEVICE=/dev/disk/by-partlabel/my-label\n',
    );
  }
  for (const name of ['precache-registry.socket', 'precache-registry.service'])
    expect(unitOf(hooks, name)).toContain('\nBindsTo=run-precache-partition.mount\n');
  // The partition itself is mounted for loading alone, which waits for it.
  for (const { name, contents } of hooks.units)
    if (/registry|partition/.test(name)) expect(contents).not.toContain('var-mnt');
  const load = unitOf(hooks, 'precache-images.service');
  expect(load).toContain('\nConditionPathExists=!/run/precache/registry/serving\n');
  expect(load).toContain('\nExecStartPre=-/usr/bin/systemctl start var-mnt.mount\n');
  const text = mergeHooks(undefined, hooks).text ?? '';
  expect(mergeHooks(text, bootHooks('discovery', 'my-label', 600)).text).toBe(
    mergeHooks(undefined, bootHooks('discovery', 'my-label', 600)).text,
  );
});

it("the node's registry comes and goes with its hooks", () => {
  const without = mergeHooks(undefined, bootHooks('installation', 'my-label', 600)).text ?? '';
  const text = mergeHooks(without, served('pool')).text ?? '';
  expect(mergeHooks(text, served('pool')).text).toBe(text);
  expect(mergeHooks(text, bootHooks('installation', 'my-label', 600)).text).toBe(without);
  expect(removeHooks(text)).toMatchObject({ bare: true });
});
