import { createHash } from 'node:crypto';
import fc from 'fast-check';

/** Configs of 3.1.0 and 3.2.0 that use every field, most of them right, some of them wrong in one place or two. */
export function ignitionConfigs(): fc.Arbitrary<unknown> {
  return fc.record(
    {
      ignition: section({
        version: rarely(
          fc.constantFrom('3.1.0', '3.2.0'),
          fc.constantFrom('3.10.0', '4.0.0', '2.4.0', '3.1', '', 3.1, '03.02.0'),
        ),
        config: record({ merge: many(resource('source')), replace: resource() }),
        proxy: record({ httpProxy: proxy, httpsProxy: proxy, noProxy: names(['a', 'b', 'c']) }),
        security: record({ tls: record({ certificateAuthorities: many(resource('source')) }) }),
        timeouts: record({ httpResponseHeaders: integer, httpTotal: integer }),
      }),
      passwd: record({ groups: many(group, 'name'), users: many(user, 'name') }),
      storage: record({
        directories: many(record({ ...node('/d'), mode }, ['path']), 'path'),
        disks: many(disk, 'device'),
        files: many(file, 'path'),
        filesystems: many(filesystem, 'device'),
        links: many(
          record({ ...node('/l'), hard: flag, target: fc.constantFrom('/f1', 'd1', '/d1', '../d1') }, [
            'path',
            'target',
          ]),
          'path',
        ),
        luks: many(luks, 'name'),
        raid: many(raid, 'name'),
      }),
      systemd: record({ units: many(unit, 'name') }),
    },
    { requiredKeys: ['ignition'] },
  );
}

/** A value that is wrong now and then. */
function rarely<T, U>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 100, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

const otherType = fc.constantFrom<unknown>(1, 1.5, 'x', true, [], {}, null, ['x'], [1], 1e300);
const text = (...values: readonly string[]) => rarely(fc.constantFrom(...values), otherType);
const flag = rarely(fc.boolean(), otherType);
const integer = rarely(
  fc.integer({ min: 0, max: 5000 }),
  fc.oneof(otherType, fc.constantFrom(-1, 2 ** 63, 1e20)),
);
const mode = rarely(
  fc.constantFrom(420, 493, 384, 0, 4095),
  fc.constantFrom<unknown>(755, -1, 4096, 0o777_777, '0644', 1e3, 420.5),
);

/** A struct; a name that does not belong there now and then. */
function record(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[] = [],
): fc.Arbitrary<unknown> {
  const known = fc.record(fields, { requiredKeys: [...required] });
  const odd = fc
    .tuple(known, fc.constantFrom('unknown', 'pth', 'Name', 'Contents', 'MODE', 'x-note', ''))
    .map(([value, name]) => ({ ...value, [name]: 'x' }));
  return rarely(known, fc.oneof(odd, otherType));
}

function section(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  return fc.record(fields, { requiredKeys: ['version'] });
}

/** A short list; double keys now and then. */
function many(item: fc.Arbitrary<unknown>, key?: string): fc.Arbitrary<unknown> {
  const keyOf = (value: unknown): unknown =>
    key === undefined || typeof value !== 'object' || value === null
      ? JSON.stringify(value)
      : (Object.entries(value).find(([name]) => name === key) ?? [])[1];
  return rarely(
    fc.uniqueArray(item, { maxLength: 3, selector: keyOf }),
    fc.oneof(fc.array(item, { maxLength: 3 }), otherType),
  );
}

function names(values: readonly string[]): fc.Arbitrary<unknown> {
  return rarely(fc.subarray([...values]), fc.array(fc.constantFrom(...values), { minLength: 2 }));
}

/** What is in the files. */
export const script = '#!/bin/bash\necho "site"\n';
/** The hashes of `script`. */
export const sums = [
  `sha256-${createHash('sha256').update(script).digest('hex')}`,
  `sha512-${createHash('sha512').update(script).digest('hex')}`,
];

/** For `changedConfigs`. */
export const goodSource = fc.constantFrom(
  'data:,',
  'data:,a%20b',
  `data:,${encodeURIComponent(script)}`,
  `data:;base64,${Buffer.from(script).toString('base64')}`,
  'data:text/plain;charset=utf-8,x',
  'data:text/plain;charset=utf-8;base64,eA==',
  'data:text/plain;name="a\\"b",x',
  'data:x-own/thing,x',
  'http://host/x',
  'https://user:word@host:8443/x?y=z#f',
  'HTTPS://host/',
  'tftp://host/x',
  's3://bucket/key',
  's3://bucket/key?versionId=3',
  '',
  "data:,'?&+~",
  'http://[fe80::1%25en0]:80/x',
  'data:application/octet-stream;base64,',
  'data:message/a,x',
  'data:texts/plain,',
  'data:text/plain;name="\\U00010000\\u00e9\\x4A",x',
);
/** For `changedConfigs`. */
export const badSource = fc.constantFrom(
  'data:',
  'data:x',
  'data:;base64,eA',
  'data:;base64,e A==',
  'data:;base64;charset=utf-8,eA==',
  'data:;BASE64,eA==',
  'DATA:,x',
  'data:,a b',
  'data:,a"b',
  'data:,%zz',
  'data:,%4',
  'data:,ä',
  'data:;charset=,x',
  'data:font/woff,x',
  'data:text,x',
  'data:;base64,eA=%3D',
  'data:;base64,-_==',
  'data:,a\nb',
  'data:,#x',
  'data:text/plain;name="\\X41",x',
  'data:text/plain;name="\\A",x',
  'data:text/plain;name="\\uD800",x',
  'data:text/plain;name="\\U0000d800",x',
  'data:text/plain;a="\\q",x',
  'data:;a=%z,x',
  'gs://bucket/x',
  'arn:aws:s3:::b/k',
  'ftp://host/x',
  'file:///x',
  '/etc/x',
  'x',
  ':x',
  'http://a b/',
  'http://host:port/',
  'http://%41/',
  's3://bucket/key?versionId=',
  's3://b/k?a=1&versionId',
  'http://a@b c/',
  'data:;base64,eA===',
  'data:;base64,=eA=',
  'data:,{x}',
  'http://h/%',
);

function resource(...required: readonly string[]): fc.Arbitrary<unknown> {
  return record(
    {
      source: rarely(goodSource, fc.oneof(badSource, otherType)),
      compression: text('', 'gzip', 'xz', '').filter((value) => value !== 'xz'),
      httpHeaders: fc.oneof(
        { weight: 20, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: many(header, 'name') },
      ),
      verification: fc.oneof(
        { weight: 10, arbitrary: fc.constant(null) },
        {
          weight: 1,
          arbitrary: record({
            hash: rarely(
              fc.constantFrom(...sums),
              fc.constantFrom<unknown>('sha256', 'md5-00', 'sha256-00', `sha256-${'z'.repeat(64)}`, '', 3),
            ),
          }),
        },
      ),
    },
    required,
  );
}
const header = record(
  { name: fc.constantFrom('A', 'B', 'C', ''), value: fc.constantFrom('x', 'y', 'z', null) },
  ['name'],
);
const proxy = rarely(
  fc.constantFrom('http://p:3128', 'https://p', 'HTTP://p'),
  fc.constantFrom<unknown>('p:3128', 'socks5://p', 'http://p:x', '', 5),
);

const hash = fc.constantFrom('$6$x', '', '*');
const group = record(
  {
    gid: integer,
    name: fc.constantFrom('g1', 'g2', 'g3'),
    passwordHash: hash,
    shouldExist: flag,
    system: flag,
  },
  ['name'],
);
const user = record(
  {
    gecos: text('a'),
    groups: names(['wheel', 'sudo']),
    homeDir: text('/home/x'),
    name: fc.constantFrom('core', 'u1', 'u2'),
    noCreateHome: flag,
    noLogInit: flag,
    noUserGroup: flag,
    passwordHash: hash,
    primaryGroup: text('g'),
    shouldExist: flag,
    sshAuthorizedKeys: names(['ssh-rsa A', 'ssh-rsa B']),
    shell: text('/bin/sh'),
    system: flag,
    uid: integer,
  },
  ['name'],
);

const owner = rarely(
  fc.constantFrom<unknown>({ name: 'root' }, { id: 0 }, { id: 3, name: '' }, {}, null),
  fc.constantFrom<unknown>({ id: 0, name: 'root' }, { id: '0' }, 'root'),
);
const node = (root: string) => ({
  path: rarely(
    fc.constantFrom(`${root}1`, `${root}2`, `${root}3`, '/shared', `${root}x/y`),
    fc.constantFrom<unknown>(
      'relative',
      '',
      '/a/',
      '/a//b',
      '/a/../b',
      '/.',
      '/',
      '/l1/below',
      '/...',
      3,
      null,
      '/etc/systemd/system/a.service',
    ),
  ),
  user: owner,
  group: owner,
  overwrite: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: flag }),
});
const file = record({ ...node('/f'), append: many(resource()), contents: resource('source'), mode }, [
  'path',
  'contents',
]);

const label = rarely(
  fc.constantFrom('data', 'root', 'A B', ''),
  fc.constantFrom<unknown>('a:b', 'x'.repeat(37), 'ä'.repeat(19), 'x'.repeat(36), null),
);
const guid = rarely(
  fc.constantFrom('', '01234567-89AB-cdef-EDCB-A98765432101'),
  fc.constantFrom('0123', 'x', '01234567-89AB-cdef-EDCB-A987654321011'),
);
const partition = record(
  {
    guid,
    label,
    number: fc.integer({ min: 1, max: 6 }),
    resize: flag,
    sizeMiB: fc.constantFrom(0, 10, 100),
    startMiB: fc.constantFrom(0, 1, 500, 1000, 2000),
    typeGuid: guid,
    wipePartitionEntry: flag,
    shouldExist: rarely(fc.constantFrom(true, null), fc.boolean()),
  },
  ['number'],
);
const device = rarely(
  fc.constantFrom('/dev/sda', '/dev/sdb', '/dev/disk/by-id/x'),
  fc.constantFrom<unknown>('', 'sda', '/dev//sda', '/dev/', null),
);
const disk = record({ device, partitions: many(partition, 'number'), wipeTable: flag }, ['device']);
const options = fc.array(fc.constantFrom('-q', '-f', '-q'), { maxLength: 3 });
const filesystem = record(
  {
    device,
    format: rarely(
      fc.constantFrom('xfs', 'ext4', 'btrfs', 'swap', 'vfat'),
      fc.constantFrom<unknown>('', 'ntfs', 'none', 'XFS', null),
    ),
    label: rarely(
      fc.constantFrom('data', '', 'x'.repeat(11)),
      fc.constantFrom('x'.repeat(12), 'x'.repeat(13), 'ä'.repeat(6), 'x'.repeat(17), 'x'.repeat(257)),
    ),
    mountOptions: options,
    options,
    path: rarely(fc.constantFrom('/var', '/var/mnt', ''), fc.constantFrom('var', '/var/')),
    uuid: text('x'),
    wipeFilesystem: flag,
  },
  ['device', 'format'],
);
const raid = record(
  {
    devices: rarely(
      fc.subarray(['/dev/sda', '/dev/sdb', '/dev/sdc'], { minLength: 1 }),
      fc.constantFrom<unknown>([], ['sda'], ['/dev/a', '/dev/a'], null, [null]),
    ),
    level: rarely(
      fc.constantFrom('raid0', 'raid1', 'linear', '10', 'mirror'),
      fc.constantFrom<unknown>('', 'raid7', 5),
    ),
    name: fc.constantFrom('md0', 'md1'),
    options,
    spares: rarely(fc.constant(0), fc.constantFrom(1, 2)),
  },
  ['devices', 'level', 'name'],
);
const tang = record(
  {
    thumbprint: rarely(fc.constant('x'), fc.constantFrom('', null)),
    url: rarely(fc.constantFrom('http://t1', 'https://t2'), fc.constantFrom<unknown>('', 't3', 'ftp://x', 4)),
  },
  ['thumbprint', 'url'],
);
const custom = record(
  {
    config: rarely(fc.constant('{}'), fc.constant('')),
    needsNetwork: flag,
    pin: rarely(fc.constantFrom('tpm2', 'tang', 'sss'), fc.constantFrom<unknown>('', 'x')),
  },
  ['config', 'pin'],
);
const clevis = fc.oneof(
  record({ tang: many(tang, 'url'), threshold: integer, tpm2: flag }),
  record({
    custom,
    tpm2: rarely(fc.constant(false), fc.constant(true)),
    threshold: rarely(fc.constant(0), fc.constant(1)),
  }),
);
const luks = record(
  {
    clevis,
    device,
    keyFile: resource(),
    label: rarely(fc.constantFrom('x', ''), fc.constantFrom('x'.repeat(47), 'x'.repeat(48))),
    name: rarely(fc.constantFrom('l1', 'l2'), fc.constant('a/b')),
    options,
    uuid: text('x'),
    wipeVolume: flag,
  },
  ['device', 'name'],
);

/** For `changedConfigs`. */
export const goodUnit = fc.constantFrom(
  '',
  '[Service]\nExecStart=/bin/true\n',
  '[Unit]\nDescription=a\n\n[Install]\nWantedBy=multi-user.target\n',
  '# note\n[Service]\nExecStart=/bin/a \\\n  b \\\n  c\n',
  '[Service]\r\nExecStart=/bin/a\r\n',
  'words before\n[Service]\n',
  '[A]\n=x',
  '[A]\na b = c',
  ';x\\\ny\n[A]\nb=c',
  `[A]\nb=${'x'.repeat(2000)}\n`,
  '[A]\n  b=c\n\t[B]\n',
);
/** For `changedConfigs`. */
export const badUnit = fc.constantFrom(
  '[Service',
  '[Service] x\n',
  '[Service]\nExecStart\n',
  '[Service]\nExecStart=/bin/a \\\n# note\n b\n',
  '[A]\nb',
  `[A]\nb=${'x'.repeat(2100)}\n`,
  `[A]\nc=d\n${'y=zzzzzzz\n'.repeat(300)}b=${'x'.repeat(3000)}\n`,
  '[A]\nb=c\\\r\n d\n',
  '[A]\n b c\n',
  `# ${'x'.repeat(2100)}\n[A]\nb=c`,
  `[A]\nb=${'ä'.repeat(1100)}\n`,
);
const contents = rarely(goodUnit, fc.oneof(badUnit, otherType));
const dropin = record(
  {
    contents,
    name: rarely(
      fc.constantFrom('a.conf', 'b.conf', 'x.y.conf'),
      fc.constantFrom<unknown>('a', 'conf', '.conf', 'a.conf.d', ''),
    ),
  },
  ['name'],
);
const unit = record(
  {
    contents,
    dropins: many(dropin, 'name'),
    enabled: flag,
    mask: flag,
    name: rarely(
      fc.constantFrom('a.service', 'b@.service', 'b@1.service', 'var-mnt.mount', 'c.timer', 'x/y.path'),
      fc.constantFrom<unknown>('a', 'a.', 'a.Service', 'a.service/b', '', 'a.network', 1),
    ),
  },
  ['name'],
);
