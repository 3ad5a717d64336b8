import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullConfig } from '../../../test/support/ignition-changes.ts';
import { ignitionConfigs } from '../../../test/support/ignition-configs.ts';
import { checkIgnition } from './check.ts';
import { ignitionRules } from './rules.ts';

const version = { version: '3.1.0' };
const script = '#!/bin/sh\n';
const gzip = `data:;base64,${gzipSync(script).toString('base64')}`;
const sum = 'sha256-fd2b3a3fd3f0e4b3b3d8e5ad0a6e1c67c7ef1d1ba7ee0f4e3bd7ff1ad5c4ed2a';

/** The rule and the marked text of each finding. */
function findings(config: unknown): readonly (readonly [string, string])[] {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return checkIgnition({ text }).map(({ id, span }) => [id, text.slice(span?.start, span?.end)]);
}

const storage = (lists: object) => ({ ignition: version, storage: lists });
const units = (...list: readonly object[]) => ({ ignition: version, systemd: { units: list } });
const file = (fields: object) => storage({ files: [{ path: '/a', ...fields }] });

describe('checkIgnition', () => {
  it('has nothing to say of a config with every field', () => {
    expect(findings(fullConfig)).toEqual([]);
  });

  it.each<[string, unknown, readonly (readonly [string, string])[]]>([
    ['no object', '[]', [['ignition/value-type', '[]']]],
    ['no JSON', '{"a": }', [['ignition/json', '}']]],
    ['no version', '{}', [['ignition/version-missing', '{']]],
    ['a later spec', { ignition: { version: '3.4.0' } }, [['ignition/version-refused', '"3.4.0"']]],
    ['no spec', { ignition: { version: '3.1' } }, [['ignition/version-invalid', '"3.1"']]],
    ['a version that is no text', { ignition: { version: 3.1 } }, [['ignition/value-type', '3.1']]],
    ['leading zeros', { ignition: { version: '03.1.00' } }, []],
    ['a mistyped name', file({ mdoe: 1 }), [['ignition/unknown-key', '"mdoe"']]],
    ['other letters', file({ Mode: 420 }), [['ignition/key-case', '"Mode"']]],
    ['a name of 3.2.0', storage({ luks: [] }), [['ignition/later-key', '"luks"']]],
    [
      'a name of 3.3.0',
      { ignition: version, kernelArguments: {} },
      [['ignition/later-key', '"kernelArguments"']],
    ],
    ['null for an object', file({ user: null }), [['ignition/null-object', 'null']]],
    ['an integer with a point', file({ mode: '420' }), [['ignition/value-type', '"420"']]],
    [
      'one path in two lists',
      storage({ files: [{ path: '/a' }], directories: [{ path: '/a' }] }),
      [['ignition/duplicate-entry', '"/a"']],
    ],
    ['an octal mode', file({ mode: 755 }), [['ignition/mode-octal', '755']]],
    ['special bits', file({ mode: 2541 }), [['ignition/mode-special', '2541']]],
    ['overwrite alone', file({ overwrite: true }), [['ignition/overwrite-without-source', 'true']]],
    ['a plain text', file({ contents: { source: 'text' } }), [['ignition/source-scheme', '"text"']]],
    [
      'the bad character of a data URL',
      file({ contents: { source: 'data:,a"b c' } }),
      [['ignition/data-url', '\\"']],
    ],
    [
      'gs before 3.2.0',
      file({ contents: { source: 'gs://a/b' } }),
      [['ignition/source-scheme', '"gs://a/b"']],
    ],
    ['gzip that is said to be', file({ contents: { source: gzip, compression: 'gzip' } }), []],
    [
      'gzip that is not said to be',
      file({ contents: { source: gzip } }),
      [['ignition/gzip-undeclared', JSON.stringify(gzip)]],
    ],
    [
      'no gzip',
      file({ contents: { source: 'data:,x', compression: 'gzip' } }),
      [['ignition/gzip-contents', '"data:,x"']],
    ],
    [
      'another hash',
      file({ contents: { source: gzip, compression: 'gzip', verification: { hash: sum } } }),
      [['ignition/hash-value', JSON.stringify(sum)]],
    ],
    [
      'a link without a target',
      storage({ links: [{ path: '/a' }] }),
      [['ignition/link-target-missing', '{"path":"/a"}']],
    ],
    [
      'a path below a link',
      storage({ links: [{ path: '/a', target: '/b' }], files: [{ path: '/a/b' }, { path: '/ab' }] }),
      [['ignition/path-below-link', '"/a/b"']],
    ],
    ['a network unit', units({ name: 'a.network' }), [['ignition/unit-name', '"a.network"']]],
    ['the line of a unit', units({ name: 'a.service', contents: '[A]\nb' }), [['ignition/unit-syntax', 'b']]],
    [
      'enabled in vain',
      units({ name: 'a.service', enabled: true, contents: '[A]\nb=c' }),
      [['ignition/unit-without-install', 'true']],
    ],
    [
      'an instance enabled in vain',
      units({ name: 'a@.service', contents: '[A]\nb=c' }, { name: 'a@1.service', enabled: true }),
      [['ignition/template-without-install', '"a@1.service"']],
    ],
    [
      'the path of a unit',
      {
        ...units({ name: 'a.service', contents: '[A]' }),
        ...file({ path: '/etc/systemd/system/a.service' }),
      },
      [['ignition/path-of-unit', '"/etc/systemd/system/a.service"']],
    ],
    [
      'a filesystem over partitions',
      storage({
        disks: [{ device: '/d', partitions: [{ number: 1 }] }],
        filesystems: [{ device: '/d', format: 'xfs' }],
      }),
      [['ignition/filesystem-over-partitions', '"/d"']],
    ],
    [
      'a filesystem that goes',
      storage({ disks: [{ device: '/d', wipeTable: true }], filesystems: [{ device: '/d', format: 'xfs' }] }),
      [['ignition/filesystem-implicit-wipe', '"/d"']],
    ],
    [
      'the owner of a hard link',
      storage({ links: [{ path: '/a', target: '/b', hard: true, user: { id: 1 } }] }),
      [['ignition/hard-link-owner', '{"id":1}']],
    ],
  ])('tells %s', (_, config, expected) => {
    expect(findings(config)).toEqual(expected);
  });

  it('says what was meant', () => {
    const hints = (config: unknown) =>
      checkIgnition({ text: JSON.stringify(config) }).map(({ hint }) => hint);
    expect(hints(file({ contnets: {} }))).toEqual(['did you mean "contents"?']);
    expect(hints(file({ mode: 755 }))).toEqual(['0755 is written 493']);
    expect(hints({ ignition: { version: '3.3.0' } })).toEqual(['write "3.1.0" or "3.2.0"']);
  });

  it('points into an escaped string', () => {
    const text = String.raw`{"ignition":{"version":"3.1.0"},"systemd":{"units":[{"name":"a.service","contents":"[\u0041]\nb=c\nwrong\n"}]}}`;
    expect(findings(text)).toEqual([['ignition/unit-syntax', 'wrong']]);
  });
});

describe('the size of a config', () => {
  const many = (count: number, item: (index: number) => unknown) =>
    Array.from({ length: count }, (_, index) => item(index));

  it.each<[string, unknown]>([
    ['more than a cluster stores', `"${'x'.repeat(2_000_000)}"`],
    ['nesting', '['.repeat(500_000)],
    [
      'links and paths',
      storage({
        links: many(4000, (at) => ({ path: `/${'a/'.repeat(10)}${at}`, target: 'x' })),
        files: many(2000, (at) => ({ path: `/${'a/'.repeat(20)}${at}` })),
      }),
    ],
    [
      'partitions',
      storage({
        disks: [
          { device: '/d', partitions: many(6000, (at) => ({ number: at + 1, startMiB: 5, sizeMiB: 9 })) },
        ],
      }),
    ],
    ['a comment', units({ name: 'a.service', contents: `#${'\\\n'.repeat(200_000)}` })],
    ['blanks', units({ name: 'a.service', contents: `[A]\nb=${' \\\n'.repeat(200_000)}` })],
    ['escapes', file({ contents: { source: `data:,${'%20'.repeat(200_000)}` } })],
    ['parameters', file({ contents: { source: `data:${';a=b'.repeat(150_000)},x` } })],
    [
      'a bomb',
      file({
        contents: {
          compression: 'gzip',
          source: `data:;base64,${gzipSync(Buffer.alloc(100 << 20)).toString('base64')}`,
        },
      }),
    ],
    ['a name', file({ ['x'.repeat(1_000_000)]: 1 })],
  ])('%s is no matter of minutes', (_, config) => {
    const begin = performance.now();
    expect(findings(config).length).toBeLessThanOrEqual(1000);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('the rules', () => {
  it('are told under their names and severities, in the order of the text', () => {
    fc.assert(
      fc.property(ignitionConfigs(), (config) => {
        const text = JSON.stringify(config);
        const found = checkIgnition({ text });
        const starts = found.map(({ span }) => span?.start ?? -1);
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        for (const { id, severity, span } of found) {
          const rule = Object.entries(ignitionRules).find(([name]) => `ignition/${name}` === id)?.[1];
          expect(rule?.severity).toBe(severity);
          expect(span?.end).toBeLessThanOrEqual(text.length);
          expect(span?.start).toBeLessThan(span?.end ?? 0);
        }
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('survive every change of a letter', () => {
    const text = JSON.stringify(fullConfig);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 3 }), (at, length, put) => {
        checkIgnition({ text: text.slice(0, at) + put + text.slice(at + length) });
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});
