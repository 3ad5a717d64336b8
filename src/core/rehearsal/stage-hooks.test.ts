import { describe, expect, it } from 'vitest';
import { viewOverride } from '../lint/site-view.ts';
import { defaultOverride, type StageHooks, stageHooks } from './stage-hooks.ts';
import { formatMountFile } from './stage-script.ts';

const mountUnit = '[Mount]\nWhat=/dev/disk/by-partlabel/data\nWhere=/var/mnt\n';

function read(service: string, dropin?: string): StageHooks {
  const text = JSON.stringify({
    ignition: { version: '3.1.0' },
    systemd: {
      units: [
        { name: 'var-mnt.mount', contents: mountUnit },
        {
          name: 'precache-images.service',
          enabled: true,
          contents: service,
          ...(dropin === undefined ? {} : { dropins: [{ name: 'a.conf', contents: dropin }] }),
        },
        { name: 'other.service', enabled: true, contents: '[Service]\nExecStart=/bin/true\n' },
      ],
    },
  });
  return stageHooks('discovery', viewOverride(text));
}

describe('the hooks that siteconfig writes', () => {
  it.each([
    ['discovery', 'precache-images.service', 900, 'extract-ai.sh'],
    ['installation', 'precache-ocp-images.service', 1800, 'extract-ocp.sh'],
  ] as const)('of the %s stage are read whole', (stage, name, startSeconds, script) => {
    const { services, mounts, files, units } = stageHooks(stage, defaultOverride(stage, 'edge-1'));
    expect(services).toMatchObject([{ name, startSeconds, stopSeconds: 30 }]);
    expect(services[0]?.start).toEqual([
      { argv: ['/usr/bin/bash', `/usr/local/bin/${script}`], mayFail: false },
    ]);
    expect(services[0]?.post.every(({ mayFail }) => mayFail)).toBe(true);
    expect(mounts).toEqual([
      {
        name: 'var-mnt.mount',
        what: '/dev/disk/by-partlabel/edge-1',
        where: '/var/mnt',
        type: 'xfs',
        options: 'ro,norecovery,nodev,nosuid,noexec',
        seconds: 45,
      },
    ]);
    expect(files.find(({ path }) => path.endsWith(script))?.text).toMatch(/^#!/);
    expect(units.map((unit) => unit.name)).toEqual(['var-mnt.mount', name]);
  });
});

it('reads conditions, variables, mounts and limits, drop-ins over the unit', () => {
  const service = `[Unit]
Requires=var-mnt.mount other.mount
ConditionPathExists=!/var/done
[Service]
Type=oneshot
Environment=A=1 "B=x y"
ExecStartPre=/bin/old
ExecStart=/bin/load \${A} \\
  $B
TimeoutStartSec=infinity
TimeoutStopSec=5
`;
  const [plan] = read(
    service,
    '[Service]\nExecStartPre=\nExecStartPre=/bin/new\nTimeoutStartSec=1min\n',
  ).services;
  expect(plan).toEqual({
    name: 'precache-images.service',
    conditions: ['!/var/done'],
    environment: ['A=1', 'B=x y'],
    mounts: [{ name: 'var-mnt.mount', required: true }],
    pre: [{ argv: ['/bin/new'], mayFail: false }],
    start: [{ argv: ['/bin/load', '1', 'x', 'y'], mayFail: false }],
    post: [],
    startSeconds: 60,
    stopSeconds: 5,
  });
});

it('knows what systemd takes where a unit names no limit', () => {
  const of = (type: string) => read(`[Service]\n${type}\nExecStart=/bin/a\n`).services[0];
  expect(of('Type=oneshot')).toMatchObject({ startSeconds: undefined, stopSeconds: 90 });
  expect(of('')).toMatchObject({ startSeconds: 90, stopSeconds: 90 });
});

it('writes a mount unit as assignments', () => {
  const mount = { name: 'x', what: "/dev/it's", where: '/var/mnt', type: 'xfs', options: 'ro', seconds: 45 };
  expect(formatMountFile(mount)).toBe(
    `what='/dev/it'\\''s'\nwhere='/var/mnt'\ntype='xfs'\noptions='ro'\nseconds='45'\n`,
  );
});
