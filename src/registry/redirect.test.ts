import { describe, expect, it } from 'vitest';
import { allowedTarget, isLoopback } from './redirect.ts';

describe('allowedTarget', () => {
  it.each([
    ['https://quay.io/v2/a', 'https://cdn.quay.io/x?sig=1', 'https://cdn.quay.io/x?sig=1'],
    ['https://quay.io/v2/a', '/other', 'https://quay.io/other'],
    ['http://127.0.0.1:5000/v2/a', 'http://127.0.0.1:6000/x', 'http://127.0.0.1:6000/x'],
    ['https://10.0.0.1/v2/a', 'https://10.0.0.2/x', 'https://10.0.0.2/x'],
  ])('from %s to %s', (from, target, expected) => {
    expect(allowedTarget(new URL(from), target, 'x').href).toBe(expected);
  });

  it.each([
    ['https://quay.io/a', 'http://cdn.quay.io/x', 'plain http'],
    ['https://quay.io/a', 'https://127.0.0.1/x', 'private address'],
    ['https://quay.io/a', 'https://169.254.169.254/latest', 'private address'],
    ['https://quay.io/a', 'https://[fd00::1]/x', 'private address'],
    ['https://quay.io/a', 'https://localhost/x', 'private address'],
    ['https://quay.io/a', 'file:///etc/shadow', 'file:'],
    ['https://quay.io/a', undefined, 'no address'],
    ['https://quay.io/a', 'https://', 'no address'],
  ])('refuses %s to %s', (from, target, reason) => {
    expect(() => allowedTarget(new URL(from), target, 'x')).toThrow(reason);
  });
});

it.each([
  ['127.0.0.1:5000', true],
  ['localhost', true],
  ['[::1]:5000', true],
  ['127.0.0.1.evil.com', false],
  ['quay.io', false],
])('isLoopback(%s) is %s', (registry, expected) => {
  expect(isLoopback(registry)).toBe(expected);
});
