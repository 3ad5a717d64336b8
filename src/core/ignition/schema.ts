import { checkClevis, checkCustom, checkTang } from './check-clevis.ts';
import { checkConfig } from './check-config.ts';
import { checkDisk, checkFilesystem, checkLuks, checkPartition, checkRaid } from './check-disks.ts';
import { checkIgnitionConfig, checkProxy, checkTls } from './check-ignition.ts';
import { checkHttpHeader, checkResource } from './check-resource.ts';
import { checkFile, checkLink, checkNode, checkOwner, checkStorage } from './check-storage.ts';
import { checkDropin, checkSystemd, checkUnit } from './check-units.ts';
import type { Field, Keyed, ListShape, ScalarShape, Shape, StructShape } from './shape.ts';

const text: ScalarShape = { kind: 'string' };
const integer: ScalarShape = { kind: 'integer' };
const flag: ScalarShape = { kind: 'boolean' };

/** `bare`, `since`: as in `Field`. */
const bare = (shape: Shape): Field => ({ shape, bare: true });
const later = (shape: Shape): Field => ({ shape, since: '3.2.0' });

function struct(
  word: string,
  fields: Readonly<Record<string, Shape | Field>>,
  check?: StructShape['check'],
): StructShape {
  const entries = Object.entries(fields).map(([name, field]): readonly [string, Field] => [
    name,
    'shape' in field ? field : { shape: field },
  ]);
  return { kind: 'struct', word, fields: new Map(entries), ...(check === undefined ? {} : { check }) };
}

function keyed(of: ListShape['of'], name?: string, space?: string): ListShape {
  const key = (item: Keyed) => String(item(name) ?? '');
  return { kind: 'list', of, key, ...(space === undefined ? {} : { space }) };
}

/** A list whose items merging appends. */
const appended = (of: ListShape['of']): ListShape => ({ kind: 'list', of });

const httpHeader = struct('an HTTP header', { name: bare(text), value: text }, checkHttpHeader);

const resource = (word: string): StructShape =>
  struct(
    word,
    {
      compression: text,
      httpHeaders: keyed(httpHeader, 'name'),
      source: text,
      verification: struct('a verification', { hash: text }),
    },
    checkResource,
  );

const ignition = struct('the ignition section', {
  config: struct(
    'a config reference',
    { merge: keyed(resource('a config to merge'), 'source'), replace: resource('a config') },
    checkIgnitionConfig,
  ),
  proxy: struct('a proxy', { httpProxy: text, httpsProxy: text, noProxy: keyed(text) }, checkProxy),
  security: struct('a security section', {
    tls: struct(
      'a TLS section',
      { certificateAuthorities: keyed(resource('a certificate'), 'source') },
      checkTls,
    ),
  }),
  timeouts: struct('a timeouts section', { httpResponseHeaders: integer, httpTotal: integer }),
  // No pointer in Ignition either, but a child without a version is none there.
  version: text,
});

const group = struct('a group', {
  gid: integer,
  name: bare(text),
  passwordHash: text,
  shouldExist: later(flag),
  system: flag,
});

const user = struct('a user', {
  gecos: text,
  groups: keyed(text),
  homeDir: text,
  name: bare(text),
  noCreateHome: flag,
  noLogInit: flag,
  noUserGroup: flag,
  passwordHash: text,
  primaryGroup: text,
  shouldExist: later(flag),
  sshAuthorizedKeys: keyed(text),
  shell: text,
  system: flag,
  uid: integer,
});

const owner = (word: string): StructShape => struct(word, { id: integer, name: text }, checkOwner);

const node = { group: owner('an owning group'), overwrite: flag, path: bare(text), user: owner('an owner') };
const directory = struct('a directory', { ...node, mode: integer }, checkNode);
const file = struct(
  'a file',
  {
    ...node,
    append: appended(resource('an append item')),
    contents: resource('the contents of a file'),
    mode: integer,
  },
  checkFile,
);
const link = struct('a link', { ...node, hard: flag, target: bare(text) }, checkLink);

const partition = struct(
  'a partition',
  {
    guid: text,
    label: text,
    number: bare(integer),
    resize: later(flag),
    shouldExist: flag,
    sizeMiB: integer,
    startMiB: integer,
    typeGuid: text,
    wipePartitionEntry: flag,
  },
  checkPartition,
);

/** A partition goes by its number, and by its label where it has none. */
function partitionKey(partition: Keyed): string {
  const number = partition('number') ?? 0;
  if (number !== 0) return `number ${number}`;
  const label = partition('label');
  return label === undefined ? '' : `label ${label}`;
}

const disk = struct(
  'a disk',
  { device: bare(text), partitions: { kind: 'list', of: partition, key: partitionKey }, wipeTable: flag },
  checkDisk,
);

const filesystem = struct(
  'a filesystem',
  {
    device: bare(text),
    format: text,
    label: text,
    mountOptions: appended(text),
    options: appended(text),
    path: text,
    uuid: text,
    wipeFilesystem: flag,
  },
  checkFilesystem,
);

const raid = struct(
  'a RAID',
  { devices: keyed(text), level: bare(text), name: bare(text), options: appended(text), spares: integer },
  checkRaid,
);

const tang = struct('a tang server', { thumbprint: text, url: bare(text) }, checkTang);
const custom = struct(
  'a custom pin',
  { config: bare(text), needsNetwork: flag, pin: bare(text) },
  checkCustom,
);
const clevis = struct(
  'a clevis section',
  { custom, tang: keyed(tang, 'url'), threshold: integer, tpm2: flag },
  checkClevis,
);

const luks = struct(
  'a LUKS volume',
  {
    clevis,
    device: text,
    keyFile: resource('a key file'),
    label: text,
    name: bare(text),
    options: appended(text),
    uuid: text,
    wipeVolume: flag,
  },
  checkLuks,
);

const storage = struct(
  'the storage section',
  {
    directories: keyed(directory, 'path', 'node'),
    disks: keyed(disk, 'device'),
    files: keyed(file, 'path', 'node'),
    filesystems: keyed(filesystem, 'device'),
    links: keyed(link, 'path', 'node'),
    luks: later(keyed(luks, 'name')),
    raid: keyed(raid, 'name'),
  },
  checkStorage,
);

const dropin = struct('a drop-in', { contents: text, name: bare(text) }, checkDropin);
const unit = struct(
  'a unit',
  { contents: text, dropins: keyed(dropin, 'name'), enabled: flag, mask: flag, name: bare(text) },
  checkUnit,
);

/** A config of spec 3.1.0 and 3.2.0 (Ignition, docs/configuration-v3_1.md and -v3_2.md). */
export const configShape = struct(
  'a config',
  {
    ignition,
    passwd: struct('the passwd section', { groups: keyed(group, 'name'), users: keyed(user, 'name') }),
    storage,
    systemd: struct('the systemd section', { units: keyed(unit, 'name') }, checkSystemd),
  },
  checkConfig,
);
