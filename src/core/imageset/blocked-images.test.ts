import { expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { compileBlocked } from './blocked-images.ts';

it('matches anywhere in a reference', () => {
  const isBlocked = compileBlocked(['alpine', '^registry.test/']);
  expect(isBlocked(parseReference('quay.io/lab/alpine:3'))).toBe(true);
  expect(isBlocked(parseReference('registry.test/a:1'))).toBe(true);
  expect(isBlocked(parseReference('quay.io/registry.test/a:1'))).toBe(false);
  expect(compileBlocked([])(parseReference('quay.io/a/b:1'))).toBe(false);
});

it('refuses what is no expression', () => {
  expect(() => compileBlocked(['('])).toThrow('blockedImages: "(" is no RE2 expression');
});
