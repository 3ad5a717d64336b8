import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeDataUrl } from '../ignition/data-url.ts';
import { parseJson } from '../json/tree.ts';
import { packOverride } from './pack-override.ts';
import { findSitePlaces } from './site-fields.ts';
import { splitOverride } from './split-override.ts';

const split = (text: string) => {
  const { root } = parseJson(text);
  if (root?.type !== 'object') throw new Error('no override');
  return splitOverride(text, root);
};

/** The tree of an override, with what is to be different. */
function treeOf(text: string, changes: Readonly<Record<string, string | Uint8Array | undefined>> = {}) {
  const { config, parts, mistakes } = split(text);
  expect(mistakes).toEqual([]);
  const files = new Map<string, Uint8Array>(parts.map(({ path, bytes }) => [path, bytes]));
  for (const [path, contents] of Object.entries(changes)) {
    if (contents === undefined) files.delete(path);
    else files.set(path, Buffer.from(contents));
  }
  return { config, files };
}

function pack(text: string, changes: Parameters<typeof treeOf>[1] = {}) {
  return packOverride(text, treeOf(text, changes));
}

const unit = '[Service]\nExecStart=/bin/true\n';
const dataUrl = (text: string) => `data:;base64,${Buffer.from(text).toString('base64')}`;
const override = JSON.stringify(
  {
    ignition: { version: '3.2.0' },
    systemd: {
      units: [
        { name: 'a.service', enabled: false, contents: unit },
        { name: 'agent.service', dropins: [{ name: '10.conf', contents: '[Unit]\nAfter=a.service\n' }] },
        { name: 'masked.service', mask: true },
      ],
    },
    storage: {
      files: [
        { path: '/etc/percent', mode: 420, contents: { source: 'data:text/plain;charset=utf-8,a%2cb%0a' } },
        { path: '/etc/base', contents: { source: dataUrl('base\n') } },
        {
          path: '/etc/zip',
          contents: {
            compression: 'gzip',
            source: `data:;base64,${gzipSync('zip\n', { level: 1 }).toString('base64')}`,
            verification: { hash: `sha256-${createHash('sha256').update('zip\n').digest('hex')}` },
          },
        },
        { path: '/etc/remote', contents: { source: 'https://x.example/f' } },
        { path: '/etc/hosts', append: [{ source: 'data:,one' }, { source: 'data:,two' }] },
      ],
      links: [{ path: '/etc/link', target: '/etc/base' }],
    },
  },
  undefined,
  1,
);
const jsonOf = (text: string) => JSON.parse(text);

describe('splitOverride', () => {
  it('decodes what can be a file, and refers to it', () => {
    const { config, parts } = split(override);
    expect(parts.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
      ['units/a.service', unit],
      ['units/agent.service.d/10.conf', '[Unit]\nAfter=a.service\n'],
      ['files/etc/percent', 'a,b\n'],
      ['files/etc/base', 'base\n'],
      ['files/etc/zip', 'zip\n'],
      ['append/0/etc/hosts', 'one'],
      ['append/1/etc/hosts', 'two'],
    ]);
    expect(config).toContain('"contents": "@units/a.service"');
    expect(config).toContain('"source": "data:text/plain;charset=utf-8,@files/etc/percent"');
    expect(config).toContain('"source": "https://x.example/f"');
  });

  it.each<[string, object, string]>([
    ['a way out', { path: '/../x', contents: { source: 'data:,' } }, 'no name of a file'],
    ['a name that is none', { path: '/a\0b', contents: { source: 'data:,' } }, 'control character'],
    ['no absolute path', { path: 'etc/x', contents: { source: 'data:,' } }, 'begins with'],
    ['half a character', { path: '/\ud800', contents: { source: 'data:,' } }, 'UTF-8'],
    ['a long name', { path: `/${'x'.repeat(256)}`, contents: { source: 'data:,' } }, '255 bytes'],
    ['a data URL that is none', { path: '/x', contents: { source: 'data:,a b' } }, '%XX'],
    ['gzip that is none', { path: '/x', contents: { source: 'data:,a', compression: 'gzip' } }, 'gzip'],
  ])('%s is a mistake', (_, file, message) => {
    const { mistakes } = split(JSON.stringify({ storage: { files: [file] } }));
    expect(mistakes.map((mistake) => mistake.severity)).toEqual(['error']);
    expect(mistakes[0]?.message).toContain(message);
    expect(mistakes[0]?.span).toBeDefined();
  });

  it.each([
    ['/a', '/a', 'twice'],
    ['/etc/Motd', '/etc/motd', 'case'],
    ['/a', '/a/b', 'below'],
    ['/a/b', '/a', 'folder of another'],
    ['/etc/a/x', '/Etc/a/y', 'case'],
    ['/\u00e9', '/e\u0301', 'case'],
  ])('%s beside %s is a mistake', (first, second, message) => {
    const file = (path: string) => ({ path, contents: { source: 'data:,' } });
    const { mistakes } = split(JSON.stringify({ storage: { files: [file(first), file(second)] } }));
    expect(mistakes.map((mistake) => mistake.message)).toEqual([expect.stringContaining(message)]);
  });

  it('bombs end where all contents together are too large', () => {
    const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024)).toString('base64');
    const files = Array.from({ length: 30 }, (_, index) => ({
      path: `/${index}`,
      contents: { compression: 'gzip', source: `data:;base64,${bomb}` },
    }));
    const { parts, mistakes } = split(JSON.stringify({ storage: { files } }));
    expect(parts).toHaveLength(1);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes[0]?.message).toContain('too large');
  });
});

describe('packOverride', () => {
  it('of an untouched tree is the text, whatever its layout', () => {
    const fixtures = new URL('../../../test/fixtures/site/', import.meta.url);
    const fields = readdirSync(fixtures)
      .map((name) => readFileSync(new URL(name, fixtures), 'utf8'))
      .flatMap((text) => findSitePlaces(text).places.flatMap((place) => place.fields))
      .filter(({ name }) => name === 'ignitionConfigOverride');
    expect(fields.length).toBeGreaterThan(4);
    const found = fields.map(({ text }) => text.text);
    for (const text of [override, JSON.stringify(jsonOf(override)), ...found]) {
      const { text: packed, changes } = pack(text);
      expect(packed).toBe(text);
      expect(changes).toEqual([]);
    }
  });

  it('changes what has changed, in its encoding, and keeps hashes true', () => {
    const changed = { 'files/etc/percent': 'a,c\n', 'files/etc/base': 'b', 'files/etc/zip': 'zap\n' };
    const { text, changes, mistakes } = pack(override, changed);
    expect(mistakes).toEqual([]);
    expect(changes.map(({ path, what }) => `${what} ${path}`)).toEqual(
      Object.keys(changed).map((path) => `changed ${path}`),
    );
    const [percent, base, zip] = jsonOf(text).storage.files;
    expect(percent.contents.source).toBe('data:text/plain;charset=utf-8,a%2cc%0a');
    expect(base.contents.source).toBe(dataUrl('b'));
    const packed = decodeDataUrl(zip.contents.source).data;
    expect(gunzipSync(packed ?? '').toString()).toBe('zap\n');
    const hash = createHash('sha256').update('zap\n').digest('hex');
    expect(zip.contents.verification.hash).toBe(`sha256-${hash}`);
    const lines = override.split('\n');
    const differing = text.split('\n').filter((line, index) => line !== lines[index]);
    expect(differing).toHaveLength(4);
  });

  it('takes new files in', () => {
    const installed = `${unit}[Install]\nWantedBy=multi-user.target\n`;
    const { text, mistakes } = pack(override, {
      'files/usr/local/bin/x.sh': '#!/bin/sh\n',
      'files/etc/plain': "it's",
      'files/etc/bytes': Buffer.from([0xff, 0]),
      'units/new.service': installed,
      'units/new.service.d/a.conf': '[Unit]\n',
      'units/agent.service.d/20.conf': '[Unit]\n',
      'units/agent.service': unit,
    });
    expect(mistakes).toEqual([]);
    expect(text).not.toContain("'");
    const { systemd, storage } = jsonOf(text);
    expect(storage.files.slice(5)).toEqual([
      { path: '/usr/local/bin/x.sh', mode: 493, contents: { source: 'data:,%23!/bin/sh%0A' } },
      { path: '/etc/plain', mode: 420, contents: { source: 'data:,it%27s' } },
      { path: '/etc/bytes', mode: 420, contents: { source: 'data:;base64,/wA=' } },
    ]);
    expect(systemd.units[1].contents).toBe(unit);
    expect(systemd.units[1].dropins).toHaveLength(2);
    expect(systemd.units[3]).toEqual({
      name: 'new.service',
      enabled: true,
      contents: installed,
      dropins: [{ name: 'a.conf', contents: '[Unit]\n' }],
    });
  });

  it('takes out what is gone, and what has lost everything with it', () => {
    const { text, mistakes } = pack(override, {
      'units/a.service': undefined,
      'units/agent.service.d/10.conf': undefined,
      'files/etc/base': undefined,
      'append/0/etc/hosts': undefined,
    });
    expect(mistakes).toEqual([]);
    const { systemd, storage } = jsonOf(text);
    expect(systemd.units).toEqual([{ name: 'masked.service', mask: true }]);
    expect(storage.files.map(({ path }: { path: string }) => path)).not.toContain('/etc/base');
    expect(storage.files.at(-1)).toEqual({ path: '/etc/hosts', append: [{ source: 'data:,two' }] });
    expect(storage.links).toHaveLength(1);
  });

  it('makes an override of nothing', () => {
    const tree = {
      config: '{"ignition": {"version": "3.2.0"}}',
      files: new Map([['units/x.service', Buffer.from(unit)]]),
    };
    const { text, changes } = packOverride(undefined, tree);
    expect(jsonOf(text)).toEqual({
      ignition: { version: '3.2.0' },
      systemd: { units: [{ name: 'x.service', contents: unit }] },
    });
    expect(changes.map(({ what }) => what)).toEqual(['changed', 'added']);
  });

  it('an encoding that config.json changes is taken on', () => {
    const tree = treeOf(override);
    const config = tree.config.replace('data:;base64,@files/etc/base', 'data:,@files/etc/base');
    const { text } = packOverride(override, { ...tree, config });
    expect(jsonOf(text).storage.files[1].contents.source).toBe('data:,base%0A');
  });

  it.each<[string, Parameters<typeof treeOf>[1], string, string]>([
    ['a unit that is none', { 'units/a.service': '[Service]\nx\n' }, 'units/a.service', 'without "="'],
    ['a unit that is no text', { 'units/a.service': Buffer.from([0xff]) }, 'units/a.service', 'UTF-8'],
    ['a new name that is none', { 'units/a.txt': '' }, 'units/a.txt', 'suffix'],
    ['a folder in the units', { 'units/x/y/z': '' }, 'units/x/y/z', 'drop-ins'],
    ['a new file to append', { 'append/7/etc/x': '' }, 'append/7/etc/x', 'order'],
    ['a file that config.json holds', { 'files/etc/remote': '' }, 'files/etc/remote', 'itself'],
  ])('%s is told in its file', (_, changes, path, message) => {
    const { mistakes } = pack(override, changes);
    expect(mistakes).toEqual([{ path, diagnostic: expect.objectContaining({ severity: 'error' }) }]);
    expect(mistakes[0]?.diagnostic.message).toContain(message);
  });

  it('tells the line of a unit, and that of config.json', () => {
    const [mistake] = pack(override, { 'units/a.service': '[Service]\nx\n' }).mistakes;
    expect(mistake?.diagnostic.span).toEqual({ start: 10, end: 11 });
    const tree = treeOf(override, { 'units/b.service': unit });
    const config = tree.config.replace('"mode": 420', '"mode": 4200');
    const [wrong] = packOverride(override, { ...tree, config }).mistakes;
    expect(wrong?.path).toBe('config.json');
    expect(config.slice(wrong?.diagnostic.span?.start, wrong?.diagnostic.span?.end)).toBe('4200');
  });
});
