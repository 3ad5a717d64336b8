import { describe, expect, it } from 'vitest';
import type { PlannedImage } from '../imageset/image-plan.ts';
import { parseReference } from '../oci/reference.ts';
import { forecastSize, type SizedImage, uniqueBytesOf } from './size.ts';

const gibibyte = 1024 ** 3;
const blob = (name: string, size: number) => ({ digest: `sha256:${name.repeat(64)}` as const, size });
const image = (
  name: string,
  groups: PlannedImage['groups'],
  blobs: SizedImage['blobs'],
  source: PlannedImage['source'] = 'component',
): SizedImage => ({
  planned: { reference: parseReference(`quay.io/lab/${name}:1`), groups, priority: 1, source },
  blobs,
  archiveBytes: 4 * gibibyte,
});

const base = blob('a', gibibyte);
const images = [
  image('etcd', ['ai', 'ocp'], [base, blob('b', 1000)]),
  image('console', ['ocp'], [base, blob('c', 2000)]),
  image('tool', ['ocp'], [blob('d', 500)], 'additional'),
];

describe('forecastSize', () => {
  it('counts each blob once, and what copying image by image would take', () => {
    const { uniqueBytes, bytes, blobs } = forecastSize(images);
    expect({ uniqueBytes, bytes, blobs }).toEqual({
      uniqueBytes: gibibyte + 3500,
      bytes: 2 * gibibyte + 3500,
      blobs: 4,
    });
  });

  it('adds up by stage and source', () => {
    expect(forecastSize(images).portions).toEqual([
      { group: 'ai', source: 'component', images: 1, bytes: gibibyte + 1000, uniqueBytes: gibibyte + 1000 },
      {
        group: 'ocp',
        source: 'component',
        images: 2,
        bytes: 2 * gibibyte + 3000,
        uniqueBytes: gibibyte + 3000,
      },
      { group: 'ocp', source: 'additional', images: 1, bytes: 500, uniqueBytes: 500 },
    ]);
    expect(uniqueBytesOf(images, 'ai')).toBe(gibibyte + 1000);
  });

  it('asks for whole GiB, with room for the file system and a tenth to spare', () => {
    const { pool, archive, storage } = forecastSize(images).layouts;
    expect(pool).toEqual({ bytes: gibibyte + 3500, partition: 2 * gibibyte, estimated: false });
    expect(archive).toEqual({ bytes: 12 * gibibyte, partition: 14 * gibibyte, estimated: false });
    expect(storage.bytes).toBe(2 * (gibibyte + 3500) + gibibyte + 1000);
    expect(storage.estimated).toBe(true);
  });
});
