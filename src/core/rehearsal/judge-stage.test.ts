import { expect, it } from 'vitest';
import type { Passport } from '../staging/passport.ts';
import { passportText } from '../../../test/support/lint-passport.ts';
import { parsePassport } from '../staging/passport.ts';
import { judgeStage } from './judge-stage.ts';

const base = parsePassport(passportText, 'precache.json');
const [image] = base.images;
if (image === undefined) throw new Error('no image in the passport');
const staged = (reference: string, more: Partial<Passport['images'][number]> = {}) => ({
  ...image,
  reference,
  groups: ['ocp' as const],
  ...more,
});
const passport: Passport = {
  ...base,
  images: [
    staged('quay.io/a:1'),
    staged('quay.io/b:1'),
    staged('quay.io/b:1'),
    staged('quay.io/ai:1', { groups: ['ai'] }),
    staged('quay.io/chart:1', { unloadable: 'a chart' }),
  ],
};

const good = {
  services: 'precache-ocp-images.service success 0 2.50',
  'images.json': JSON.stringify([
    { Names: ['quay.io/a:1'] },
    { Names: ['quay.io/b:1', 'x'] },
    { Names: null },
    {},
  ]),
  'storage-bytes': '4096',
  mounted: '',
  interfaces: 'lo',
  attempts: '0\n0',
  'report-ocp.json': JSON.stringify({ state: 'complete', bytes: 10, failed: [], new: 1 }),
  complete: '',
};
const judge = (facts: Readonly<Record<string, string>> = {}) =>
  judgeStage('installation', passport, new Map(Object.entries({ ...good, ...facts })), ['line']);

it('passes what is there under every name of its group', () => {
  expect(judge()).toEqual({
    stage: 'installation',
    services: [{ name: 'precache-ocp-images.service', result: 'success', status: 0, seconds: 2.5 }],
    images: 2,
    present: 2,
    missing: [],
    seconds: 2.5,
    bytes: 10,
    storageBytes: 4096,
    registry: false,
    leftMounted: [],
    interfaces: ['lo'],
    networkAttempts: 0,
    log: [],
    passed: true,
  });
});

it.each<[string, Readonly<Record<string, string>>, object]>([
  ['a service that failed', { services: 'a.service exit-code 1 0.10' }, {}],
  ['a mount that stayed', { mounted: '/var/mnt' }, { leftMounted: ['/var/mnt'] }],
  ['a network', { interfaces: 'lo\neth0' }, { interfaces: ['lo', 'eth0'] }],
  ['somebody who asked for one', { attempts: '2\n1' }, { networkAttempts: 3 }],
])('fails for %s', (_, facts, more) => {
  expect(judge(facts)).toMatchObject({ ...more, passed: false, log: ['line'] });
});

const reason = 'blob gone';
it.each([
  ['what the script says of it', { failed: [{ reference: 'quay.io/b:1', reason }] }, reason],
  ['what stopped the script', { reason: 'nothing is mounted', failed: [] }, 'nothing is mounted'],
  ['its absence, without a report', undefined, 'it is not in the storage under this name'],
  ['its absence, with a report that is none', 7, 'it is not in the storage under this name'],
])('names a missing image with %s', (_, report, expected) => {
  const facts = {
    'images.json': '[{"Names":["quay.io/a:1","mirror.io/b:1"]}]',
    'report-ocp.json': JSON.stringify(report) ?? '',
  };
  expect(judge(facts)).toMatchObject({
    present: 1,
    missing: [{ reference: 'quay.io/b:1', reason: expected }],
    passed: false,
  });
});

it('takes a list of podman that cannot be read for an empty storage', () => {
  expect(judge({ 'images.json': '' }).missing).toHaveLength(2);
});
