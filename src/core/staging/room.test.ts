import fc from 'fast-check';
import { expect, it } from 'vitest';
import { archivesAtATime, describeShortage, roomNeeded } from './room.ts';

const floor = 4 * 1024 * 1024;

it('a pool takes its blobs, a share, and two inodes an image', () => {
  const pool = { images: 3, archives: [], archived: [], freed: 0 };
  expect(roomNeeded({ ...pool, missing: [] })).toEqual({ bytes: floor, files: 22 });
  expect(roomNeeded({ ...pool, missing: [10 ** 9, 10 ** 9] })).toEqual({ bytes: 2.02 * 10 ** 9, files: 24 });
});

/** Images by the numbers of their blobs; a blob has the size `sizes[number]`. */
const sets = fc.array(fc.integer({ min: 1, max: 10 ** 6 }), { minLength: 1, maxLength: 12 }).chain((sizes) =>
  fc.record({
    sizes: fc.constant(sizes),
    images: fc.array(fc.uniqueArray(fc.nat(sizes.length - 1), { minLength: 1 }), {
      minLength: 1,
      maxLength: 8,
    }),
    present: fc.uniqueArray(fc.nat(sizes.length - 1)),
  }),
);

it('no order of archiving ever takes more than was asked for', () => {
  fc.assert(
    fc.property(sets, ({ sizes, images, present }) => {
      const sum = (blobs: Iterable<number>): number =>
        [...blobs].reduce((total, blob) => total + (sizes[blob] ?? 0), 0);
      const wanted = new Set(images.flat());
      const there = new Set(present.filter((blob) => wanted.has(blob)));
      const needed = roomNeeded({
        missing: [...wanted].filter((blob) => !there.has(blob)).map((blob) => sizes[blob] ?? 0),
        images: images.length,
        archives: images.map(sum),
        archived: images.map(sum),
        freed: sum(there),
      });
      // Images are begun in this order, so many at a time; a blob leaves when the last of its images is done.
      for (let done = 0; done <= images.length; done += 1) {
        const written = images.slice(0, done + archivesAtATime);
        const pool = new Set(images.slice(done).flat());
        const peak = written.reduce((total, blobs) => total + sum(blobs), 0) + sum(pool);
        expect(peak - sum(there)).toBeLessThanOrEqual(needed.bytes);
      }
    }),
  );
});

it('a shortage names the numbers; inodes count where there is a limit', () => {
  const needed = { bytes: 3 * 1024 ** 3, files: 100 };
  expect(describeShortage('/mnt', { bytes: 4 * 1024 ** 3, files: 100 }, needed)).toBeUndefined();
  expect(describeShortage('/mnt', { bytes: 4 * 1024 ** 3, files: undefined }, needed)).toBeUndefined();
  expect(describeShortage('/mnt', { bytes: 1024 ** 3, files: 1 }, needed)?.message).toBe(
    '/mnt has 1 GiB free, and 3 GiB are needed; 2 GiB are missing',
  );
  expect(describeShortage('/mnt', { bytes: 4 * 1024 ** 3, files: 1 }, needed)?.message).toBe(
    '/mnt has inodes for 1 more files, and 100 are needed; 99 are missing',
  );
});
