import { describe, expect, it } from 'vitest';
import { correctList, listAgrees, listsOf } from './lists.ts';
import type { Passport } from './passport.ts';

const digest = `sha256:${'a'.repeat(64)}` as const;
const image = {
  artifact: 'a',
  digest,
  mediaType: 'm',
  kind: 'image' as const,
  size: 1,
  priority: 0,
  signatures: [],
};
const passport: Passport = {
  schemaVersion: 1,
  tool: { name: 'factory-precaching-cli', version: '0' },
  created: '2026-01-01T00:00:00Z',
  sources: { platform: 'linux/amd64', images: [], aiImages: [] },
  format: 'pool',
  releases: [{ version: '4.14.7', reference: 'quay.io/ocp/release:4.14.7-x86_64', digest }],
  images: [
    { ...image, reference: 'quay.io/ocp/release:4.14.7-x86_64', groups: ['ai', 'ocp'], release: '4.14.7' },
    {
      ...image,
      reference: `quay.io/ocp/art@${digest}`,
      groups: ['ai', 'ocp'],
      component: 'etcd',
      release: '4.14.7',
    },
    { ...image, reference: 'quay.io/lab/tool:1', groups: ['ocp'] },
    { ...image, reference: 'quay.io/lab/chart:1', groups: ['ocp'], unloadable: 'an artifact' },
  ],
  missing: [],
  blobs: [],
  stale: { artifacts: [], archives: [], stored: [], files: [], blobs: [] },
  artifacts: [],
  signatures: [],
  disk: null,
};

it('the lists follow from the passport', () => {
  expect(Object.fromEntries(listsOf(passport))).toEqual({
    'ai-images.txt': `quay.io/ocp/release:4.14.7-x86_64\nquay.io/ocp/art@${digest}\n`,
    'ocp-images.txt': `quay.io/ocp/release:4.14.7-x86_64\nquay.io/ocp/art@${digest}\nquay.io/lab/tool:1\n`,
    'mapping.txt': `quay.io/lab/chart:1=lab/chart:1\nquay.io/lab/tool:1=lab/tool:1\nquay.io/ocp/art@${digest}=openshift/release:4.14.7-x86_64-etcd\nquay.io/ocp/release:4.14.7-x86_64=openshift/release-images:4.14.7-x86_64\n`,
  });
});

describe('a list', () => {
  const missing = [{ reference: 'q/late:1', reason: 'not there' }];
  it.each([
    ['the same', 'q/a:1\nq/b:1\n', [], true],
    ['another order', 'q/b:1\nq/a:1\n', [], false],
    ['a line less', 'q/a:1\n', [], false],
    ['a line twice', 'q/a:1\nq/a:1\nq/b:1\n', [], false],
    ['a last line cut off', 'q/a:1\nq/b:1', [], false],
    ['a line that is not missing', 'q/a:1\nq/late:1\nq/b:1\n', [], false],
    ['a line of a missing image', 'q/a:1\nq/late:1\nq/b:1\n', missing, true],
    ['the target of a missing image', 'q/a:1\nq/late:1=late:1\nq/b:1\n', missing, true],
  ])('with %s', (_name, actual, absent, agrees) => {
    const expected = 'q/a:1\nq/b:1\n';
    expect(listAgrees(expected, actual, absent)).toBe(agrees);
    expect(listAgrees(expected, correctList(expected, actual, absent), absent)).toBe(true);
  });

  it('keeps what it said of missing images, once', () => {
    expect(correctList('q/a:1\n', 'q/late:1\nq/x:1\n', missing)).toBe('q/a:1\nq/late:1\n');
    expect(correctList('q/late:1\n', 'q/late:1\n', missing)).toBe('q/late:1\n');
  });
});
