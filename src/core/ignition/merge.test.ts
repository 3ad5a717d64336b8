import { expect, it } from 'vitest';
import { mergeIgnition } from './merge.ts';

it.each<[string, object, object, object]>([
  [
    'the child wins, null is nothing',
    { a: { x: 1 }, ignition: { version: '3.1.0' } },
    { ignition: { version: '3.2.0' }, a: null },
    { a: { x: 1 }, ignition: { version: '3.2.0' } },
  ],
  [
    'units by name, drop-ins by name',
    { systemd: { units: [{ name: 'a', contents: 'x', dropins: [{ name: 'd' }] }, { name: 'b' }] } },
    {
      systemd: {
        units: [
          { name: 'c' },
          { name: 'a', enabled: true, dropins: [{ name: 'e' }, { name: 'd', contents: 'y' }] },
        ],
      },
    },
    {
      systemd: {
        units: [
          { name: 'a', contents: 'x', dropins: [{ name: 'd', contents: 'y' }, { name: 'e' }], enabled: true },
          { name: 'b' },
          { name: 'c' },
        ],
      },
    },
  ],
  [
    'one key space of paths',
    { storage: { files: [{ path: '/a' }, { path: '/b' }] } },
    { storage: { links: [{ path: '/a', target: 'x' }] } },
    { storage: { files: [{ path: '/b' }], links: [{ path: '/a', target: 'x' }] } },
  ],
  [
    'append is appended, contents are merged field by field',
    {
      storage: {
        files: [
          {
            path: '/a',
            append: [{ source: 'data:,1' }],
            contents: { source: 'data:,', compression: 'gzip' },
          },
        ],
      },
    },
    {
      storage: { files: [{ path: '/a', append: [{ source: 'data:,1' }], contents: { source: 'data:,2' } }] },
    },
    {
      storage: {
        files: [
          {
            path: '/a',
            append: [{ source: 'data:,1' }, { source: 'data:,1' }],
            contents: { source: 'data:,2', compression: 'gzip' },
          },
        ],
      },
    },
  ],
  [
    'a header without a value is taken out',
    {
      ignition: {
        config: {
          replace: {
            httpHeaders: [
              { name: 'A', value: 'x' },
              { name: 'B', value: 'y' },
            ],
          },
        },
      },
    },
    { ignition: { config: { replace: { httpHeaders: [{ name: 'A' }] } } } },
    { ignition: { config: { replace: { httpHeaders: [{ name: 'B', value: 'y' }] } } } },
  ],
  [
    'partitions by number, or by label',
    { storage: { disks: [{ device: '/d', partitions: [{ number: 1, label: 'a' }, { label: 'b' }] }] } },
    {
      storage: {
        disks: [
          {
            device: '/d',
            partitions: [
              { label: 'b', sizeMiB: 1 },
              { number: 1, sizeMiB: 2 },
            ],
          },
        ],
      },
    },
    {
      storage: {
        disks: [
          {
            device: '/d',
            partitions: [
              { number: 1, label: 'a', sizeMiB: 2 },
              { label: 'b', sizeMiB: 1 },
            ],
          },
        ],
      },
    },
  ],
])('%s', (_, parent, child, merged) => {
  expect(mergeIgnition(parent, child)).toEqual(merged);
  expect(JSON.stringify(mergeIgnition(parent, child))).toBe(JSON.stringify(merged));
});
