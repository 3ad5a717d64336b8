import fc from 'fast-check';
import { badSource, badUnit, goodSource, goodUnit, script, sums } from './ignition-configs.ts';

/** A config of 3.2.0 in which everything is right and every field is set. */
export const fullConfig = {
  ignition: {
    version: '3.2.0',
    config: {
      merge: [{ source: 'data:,%7B%22ignition%22:%7B%22version%22:%223.2.0%22%7D%7D' }],
      replace: { source: 'https://host/x', httpHeaders: [{ name: 'A', value: 'b' }] },
    },
    proxy: { httpProxy: 'http://proxy', httpsProxy: 'https://proxy', noProxy: ['host', 'other'] },
    security: { tls: { certificateAuthorities: [{ source: 'data:,x' }] } },
    timeouts: { httpResponseHeaders: 10, httpTotal: 20 },
  },
  passwd: {
    groups: [{ name: 'staff', gid: 5, passwordHash: '*', shouldExist: true, system: false }],
    users: [
      {
        name: 'core',
        groups: ['wheel', 'sudo'],
        sshAuthorizedKeys: ['ssh-rsa A'],
        uid: 1000,
        noCreateHome: true,
        shell: '/bin/bash',
      },
    ],
  },
  storage: {
    directories: [{ path: '/d', mode: 493, user: { name: 'root' }, group: { id: 0 } }],
    disks: [
      {
        device: '/dev/sda',
        wipeTable: false,
        partitions: [
          { number: 1, label: 'a', startMiB: 1, sizeMiB: 10, guid: '01234567-89AB-CDEF-EDCB-A98765432101' },
          { number: 2, label: 'b', startMiB: 11, sizeMiB: 0, resize: true },
        ],
      },
    ],
    files: [
      {
        path: '/f',
        mode: 420,
        overwrite: true,
        contents: {
          source: `data:;base64,${Buffer.from(script).toString('base64')}`,
          compression: '',
          verification: { hash: sums[0] },
        },
        append: [{ source: 'data:,x' }],
      },
      { path: '/g', contents: { source: 's3://bucket/key?versionId=1' } },
    ],
    filesystems: [
      {
        device: '/dev/sdb',
        format: 'xfs',
        label: 'data',
        path: '/var/x',
        mountOptions: ['ro'],
        options: ['-q'],
        uuid: 'x',
        wipeFilesystem: false,
      },
    ],
    links: [
      { path: '/l', target: '/f', hard: false },
      { path: '/h', target: '/f', hard: true },
    ],
    luks: [
      {
        name: 'l',
        device: '/dev/sdc',
        label: 'x',
        keyFile: { source: 'data:,k' },
        clevis: { tang: [{ url: 'http://tang', thumbprint: 'x' }], tpm2: false, threshold: 1 },
      },
      { name: 'm', device: '/dev/sdd', clevis: { custom: { pin: 'sss', config: '{}' } } },
    ],
    raid: [{ name: 'md', level: 'raid1', devices: ['/dev/sde', '/dev/sdf'], spares: 0, options: ['-q'] }],
  },
  systemd: {
    units: [
      {
        name: 'a.service',
        enabled: true,
        mask: false,
        contents: '[Install]\nWantedBy=x.target\n',
        dropins: [{ name: 'a.conf', contents: '[Service]\nType=oneshot\n' }],
      },
    ],
  },
};

/** What a value is replaced by, one at a time, beside what is wrong for its name alone. */
const anything: readonly unknown[] = [
  null,
  '',
  'x',
  '/x',
  0,
  1,
  -1,
  4096,
  true,
  false,
  [],
  {},
  [null],
  '3.1.0',
];

/** The full config with one thing changed in each: a value of every kind at every place, taken out, or there twice. */
export function changedConfigs(): readonly unknown[] {
  return placesOf(fullConfig).flatMap((place) => {
    const values = [...anything, ...(special[String(place.at(-1))] ?? [])];
    const changed = values.map((value) => replaceAt(fullConfig, place, () => value));
    const twice = replaceAt(fullConfig, place, (old) => (Array.isArray(old) ? [...old, ...old] : old));
    return [...changed, replaceAt(fullConfig, place, () => undefined), twice];
  });
}

const special: Readonly<Record<string, readonly unknown[]>> = {
  source: [
    ...fc.sample(badSource, { numRuns: 80, seed: 1 }),
    ...fc.sample(goodSource, { numRuns: 40, seed: 1 }),
  ],
  path: ['relative', '/l/below', '/a/', '/etc/systemd/system/a.service.d/a.conf', '/h/x', '/'],
  contents: [
    ...fc.sample(badUnit, { numRuns: 30, seed: 1 }),
    ...fc.sample(goodUnit, { numRuns: 30, seed: 1 }),
  ],
  name: ['a/b', 'x.conf', 'y.mount', 'x.', '.service'],
  hash: [...sums, 'sha256-0', `sha512-${'0'.repeat(128)}`, 'md5-0', 'x-y-z'],
  number: [2, 7],
  startMiB: [5, 11, 20],
  sizeMiB: [11, 10, 100],
  label: [
    'a',
    'b',
    'a:b',
    'x'.repeat(12),
    'x'.repeat(13),
    'x'.repeat(36),
    'x'.repeat(37),
    'x'.repeat(48),
    'ä'.repeat(7),
  ],
  format: ['ext4', 'btrfs', 'swap', 'vfat', 'none', 'XFS'],
  level: ['raid0', 'linear', 'stripe', 'raid4', '4', '10', 'raid7'],
  mode: [755, 0o7777, 1e3, 1.5],
  target: ['/d', 'd', '../d'],
  pin: ['tpm2', 'tang', 'none'],
  url: ['https://x', 'ftp://x', 'http://%41', ':'],
  version: ['3.0.1', '03.002.0', '3.2.0+x', '3.2', '3.2.0-experimental', 'three'],
  httpProxy: ['https://p', 'ftp://p', 'p:80', ':'],
  httpsProxy: ['http://p', '//p'],
  guid: ['01234567-89AB-CDEF-EDCB-A9876543210', '01234567-89ab-cdef-edcb-a98765432101'],
};

type Path = readonly (string | number)[];

function placesOf(value: unknown, at: Path = []): Path[] {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  return entries.flatMap(([name, item]) => [[...at, name], ...placesOf(item, [...at, name])]);
}

function replaceAt(value: unknown, [name, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item, index) => (index === name ? replaceAt(item, rest, change) : item));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [name]: replaceAt(object[name], rest, change) };
}
