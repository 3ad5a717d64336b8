import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bootHooks } from './boot-hooks.ts';
import { mergeHooks } from './merge-hooks.ts';
import { hookLabel } from './override.ts';
import { removeHooks } from './remove-hooks.ts';

const hooks = bootHooks('discovery', 'data');
const [mount, service] = hooks.units;
const [script] = hooks.files;

function merge(text: string | undefined): string {
  const result = mergeHooks(text, hooks);
  expect(result.mistakes).toEqual([]);
  return result.text ?? '';
}

function merged(override: unknown): unknown {
  return JSON.parse(merge(JSON.stringify(override)));
}

describe('mergeHooks', () => {
  it('writes a whole override where there was none', () => {
    expect(JSON.parse(merge(undefined))).toEqual({
      ignition: { version: '3.1.0' },
      systemd: { units: [mount, service] },
      storage: { files: [script] },
    });
  });

  it('says what such an override holds besides the hooks, as removing them does', () => {
    for (const version of [undefined, '3.1.0', '3.2.0'] as const) {
      const result = mergeHooks(undefined, { ...hooks, version });
      expect(result).toMatchObject({ rest: removeHooks(result.text ?? '').text });
    }
  });

  it('adds what is missing behind what is there', () => {
    const own = { name: 'own.service', enabled: false };
    expect(merged({ passwd: {}, systemd: { units: [own] }, ignition: { version: '3.2.0' } })).toEqual({
      passwd: {},
      systemd: { units: [own, mount, service] },
      ignition: { version: '3.2.0' },
      storage: { files: [script] },
    });
  });

  it('writes the version where there is none', () => {
    expect(merged({})).toMatchObject({ ignition: { version: '3.1.0' } });
    expect(merged({ ignition: { timeouts: {} } })).toMatchObject({
      ignition: { timeouts: {}, version: '3.1.0' },
    });
  });

  it('replaces doubled hooks of all generations where the first one is, and takes the rest out', () => {
    const old = { name: 'var-mnt.mount', enabled: true, contents: '[Unit]\nBindsTo=precache-images.service' };
    const own = { name: 'own.service', contents: '' };
    const override = {
      ignition: { version: '3.1.0' },
      systemd: {
        units: [old, own, { name: 'precache-ocp-images.service' }, old, { name: 'precache-images.service' }],
      },
      storage: {
        files: [
          { path: '/etc/own', contents: {} },
          { path: '/usr/local/bin/agent-fix-bz1964591', mode: 755 },
          { path: script?.path, append: [], contents: { compression: 'gzip', source: 'data:,' } },
          { path: '/usr/local/bin/extract-ocp.sh' },
        ],
        links: [{ path: script?.path, target: '/bin/true' }],
      },
    };
    expect(merged(override)).toEqual({
      ignition: { version: '3.1.0' },
      systemd: { units: [mount, own, service] },
      storage: { files: [{ path: '/etc/own', contents: {} }, script], links: [] },
    });
  });

  it("keeps the user's drop-ins of a hook", () => {
    const dropins = [{ name: 'long.conf', contents: '[Service]\nTimeoutStartSec=1h\n' }];
    const units = [{ dropins, name: 'precache-images.service' }];
    expect(merged({ ignition: { version: '3.1.0' }, systemd: { units } })).toMatchObject({
      systemd: { units: [{ ...service, dropins }, mount] },
    });
  });

  it("leaves the user's text as it is written, apart from apostrophes", () => {
    const text = '{"ignition": {"version":"3.1.0"},\n "x": [1.0, 9007199254740993,\n 2], "y": "\\u0041\'"\n}';
    const result = merge(text);
    expect(result).toContain('"x": [1.0, 9007199254740993,\n 2], "y": "\\u0041\\u0027"');
    expect(result).not.toContain("'");
  });

  it('lays a text on one line out over several', () => {
    expect(merge('{"ignition":{"version":"3.1.0"},"n":1.0}').split('\n').slice(0, 6)).toEqual([
      '{',
      '  "ignition": {',
      '    "version": "3.1.0"',
      '  },',
      '  "n": 1.0,',
      '  "systemd": {',
    ]);
  });

  it('gives the same text back when the hooks are in it, whatever it looks like', () => {
    const text = ` ${JSON.stringify(JSON.parse(merge(undefined)))}\n\n`;
    expect(merge(text)).toBe(text);
  });
});

describe('the law of merging', () => {
  const json = fc.jsonValue({ maxDepth: 2 });
  const hookNames = ['var-mnt.mount', 'precache-images.service', 'precache-ocp-images.service'];
  const list = (keyName: string, names: readonly string[], contents: fc.Arbitrary<unknown>) =>
    fc
      .uniqueArray(fc.record({ [keyName]: fc.constantFrom(...names), contents }), {
        selector: (item) => item[keyName],
      })
      .map((items) => items as Record<string, unknown>[]);
  const units = list('name', ['a.service', 'b.mount', ...hookNames], fc.constant('# precache'));
  const files = list(
    'path',
    ['/etc/a', '/b', '/usr/local/bin/extract-ai.sh'],
    fc.constantFrom({}, { source: 'data:,x', own: 1.5 }),
  );
  const override = fc.record(
    {
      ignition: fc.record({ version: fc.constantFrom('3.1.0', '3.2.0') }),
      systemd: fc.record({ units }, { requiredKeys: [] }),
      storage: fc.record({ files, own: json }, { requiredKeys: [] }),
      own: json,
    },
    { requiredKeys: ['ignition'] },
  );

  it("holds the hooks once and the user's own in order, and merging again changes nothing", () => {
    fc.assert(
      fc.property(override, fc.constantFrom(undefined, 1, 2, '\t'), (before, space) => {
        const text = merge(JSON.stringify(before, undefined, space));
        const after = JSON.parse(text);
        expect(merge(text)).toBe(text);
        expect(Object.keys(after).slice(0, Object.keys(before).length)).toEqual(Object.keys(before));
        expect(after).toMatchObject(
          JSON.parse(JSON.stringify({ ignition: before.ignition, own: before.own })),
        );
        const own = (items: readonly Record<string, unknown>[] | undefined, key: string) =>
          (items ?? []).filter((item) => !/precache|var-mnt|extract/.test(String(item[key])));
        expect(own(after.systemd.units, 'name')).toEqual(own(before.systemd?.units, 'name'));
        expect(own(after.storage.files, 'path')).toEqual(
          JSON.parse(JSON.stringify(own(before.storage?.files, 'path'))),
        );
        expect(
          after.systemd.units.filter((unit: { name: string }) => hookNames.includes(unit.name)),
        ).toHaveLength(2);
        expect(after.systemd.units).toEqual(expect.arrayContaining([mount, service]));
        expect(after.storage.files).toEqual(expect.arrayContaining([script]));
      }),
    );
  });
});

describe('mistakes', () => {
  it.each([
    ['[]', 'override-type', '[]'],
    ['{"ignition": {"version": "3.3.0"}}', 'ignition/version-refused', '"3.3.0"'],
    ['{"ignition": {"version": 3.1}}', 'ignition/value-type', '3.1'],
    ['{"ignition": null}', 'override-type', 'null'],
    ['{"systemd": {"units": {}}}', 'ignition/value-type', '{}'],
    ['{"systemd": {"units": [{"name": 1}]}}', 'ignition/value-type', '1'],
    ['{"systemd": {"units": null}}', 'override-type', 'null'],
    ['{"Systemd": {}}', 'ignition/key-case', '"Systemd"'],
    [
      '{"systemd": {"units": [{"name": "a.path"}, {"name": "a.path"}]}}',
      'ignition/duplicate-entry',
      '"a.path"',
    ],
    [
      '{"storage": {"files": [{"path": "/a"}], "links": [{"path": "/a", "target": "b"}]}}',
      'ignition/duplicate-entry',
      '"/a"',
    ],
    [
      '{"systemd": {"units": [{"name": "var-mnt.mount", "contents": "[Mount]"}]}}',
      'mount-taken',
      '"var-mnt.mount"',
    ],
  ])('%s: %s', (text, id, at) => {
    const { mistakes } = mergeHooks(text, hooks);
    const start = text.lastIndexOf(at);
    expect(mistakes).toMatchObject([{ id, severity: 'error', span: { start, end: start + at.length } }]);
  });

  it('are told all at once', () => {
    const text = '{"ignition": {"version": "2.0"}, "systemd": {"units": 1}, "storage": {"files": [1, 2]}}';
    expect(mergeHooks(text, hooks).mistakes).toHaveLength(4);
  });

  it('of the hooks together with what is there', () => {
    const text = '{"storage": {"links": [{"path": "/usr/local/bin", "target": "/b"}]}}';
    expect(mergeHooks(text, hooks).mistakes).toMatchObject([
      {
        id: 'ignition/path-below-link',
        message:
          'with the hooks, this path goes through a link of this config: "/usr/local/bin/extract-ai.sh"',
      },
    ]);
  });
});

describe('hookLabel', () => {
  const seed = parse(
    readFileSync(new URL('../../../test/fixtures/site/siteconfig-seed.yaml', import.meta.url), 'utf8'),
  );

  it('finds the label of hooks of any generation', () => {
    expect(hookLabel(seed.spec.clusters[0].nodes[0].ignitionConfigOverride)).toBe('data');
    expect(hookLabel(mergeHooks(undefined, bootHooks('installation', 'b')).text ?? '')).toBe('b');
  });

  it.each(['{}', 'no JSON', '{"systemd": {"units": [{"name": "var-mnt.mount"}]}}'])(
    'finds none in %s',
    (text) => {
      expect(hookLabel(text)).toBeUndefined();
    },
  );
});
