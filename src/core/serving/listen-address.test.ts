import { expect, it } from 'vitest';
import { formatListenAddress, isLoopback, parseListenAddress } from './listen-address.ts';

it.each([
  ['127.0.0.1:22700', true],
  ['127.8.8.8:1', true],
  ['localhost:0', true],
  ['[::1]:22700', true],
  ['0.0.0.0:22700', false],
  ['[::]:22700', false],
  ['10.0.0.1:22700', false],
  ['127.0.0.1.example.com:22700', false],
])('%s', (text, loopback) => {
  const address = parseListenAddress(text);
  expect(isLoopback(address.host)).toBe(loopback);
  expect(formatListenAddress(address)).toBe(text);
});

it('takes a bare port for every address', () => {
  expect(parseListenAddress(':22700')).toEqual({ host: '0.0.0.0', port: 22_700 });
});

it.each(['', '22700', '127.0.0.1', '127.0.0.1:65536', '[1.2.3.4]:1', 'a b:1', '::1:5', 'http://a:1'])(
  'refuses "%s"',
  (text) => {
    expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  },
);
