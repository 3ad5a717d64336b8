import { expect, it } from 'vitest';
import { helperProgram, readHelperAnswer } from './credential-helper.ts';

it.each([
  [0, '{"ServerURL":"quay.io","Username":"u","Secret":"s"}\n', { username: 'u', password: 's' }],
  [0, '{"Username":"<token>","Secret":"refresh"}', { identityToken: 'refresh' }],
  [0, '{"Username":"","Secret":""}', 'none'],
  [1, 'credentials not found in native keychain\n', 'none'],
  [1, 'pass not initialized', undefined],
  [0, 'garbage', undefined],
  [0, '{"Username":"u"}', undefined],
])('status %d, %j', (status, stdout, expected) => {
  expect(readHelperAnswer(status, stdout)).toEqual(expected);
});

it.each([
  ['pass', 'docker-credential-pass'],
  ['ecr-login_2.0', 'docker-credential-ecr-login_2.0'],
  ['../evil', undefined],
  ['a b', undefined],
  ['', undefined],
])('the program of %j is %s', (name, expected) => {
  expect(helperProgram(name)).toBe(expected);
});
