import { describe, expect, it } from 'vitest';
import { proxiesOf } from './proxy.ts';

const at = (env: Record<string, string>, target: string) => proxiesOf(env)(new URL(target))?.origin;

describe('the proxy', () => {
  it.each([
    [{ HTTPS_PROXY: 'http://p:3128' }, 'https://quay.io/v2/', 'http://p:3128'],
    [{ HTTPS_PROXY: 'http://p:3128' }, 'http://quay.io/v2/', undefined],
    [{ HTTP_PROXY: 'p:3128' }, 'http://quay.io', 'http://p:3128'],
    [{ https_proxy: 'https://low:1', HTTPS_PROXY: 'http://up:1' }, 'https://quay.io', 'https://low:1'],
    [{ https_proxy: '', HTTPS_PROXY: 'http://up:1' }, 'https://quay.io', 'http://up:1'],
    [{ all_proxy: 'http://all:1', HTTPS_PROXY: 'http://p:1' }, 'https://quay.io', 'http://p:1'],
    [{ ALL_PROXY: 'http://all:1' }, 'http://quay.io', 'http://all:1'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://localhost:5000', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://127.0.0.2', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://[::1]:5000', undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'https://127.evil.com', 'http://p:1'],
    [{}, 'https://quay.io', undefined],
  ])('of %j for %s is %s', (env, target, expected) => {
    expect(at(env, target)).toBe(expected);
  });

  it.each([
    ['*', 'https://quay.io', true],
    ['quay.io', 'https://quay.io', true],
    ['quay.io', 'https://cdn.quay.io', true],
    ['quay.io', 'https://notquay.io', false],
    ['.quay.io', 'https://quay.io', false],
    ['.quay.io', 'https://cdn.quay.io', true],
    ['*.quay.io', 'https://cdn01.quay.io', true],
    ['*.quay.io', 'https://quay.io', false],
    ['QUAY.io', 'https://quay.io', true],
    ['quay.io:443', 'https://quay.io', true],
    ['quay.io:8443', 'https://quay.io', false],
    ['quay.io:80', 'http://quay.io', true],
    ['10.1.2.3', 'https://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'https://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', 'https://ten.lab', false],
    ['fd00::/8', 'https://[fd00::1]:5000', true],
    ['fd00::1', 'https://[fd00::1]', true],
    ['[fd00::1]:5000', 'https://[fd00::1]', false],
    ['10.0.0.0/99', 'https://10.0.0.1', false],
    [' other.lab , quay.io ', 'https://quay.io', true],
    ['.,:,', 'https://quay.io', false],
  ])('with NO_PROXY %j is passed by for %s: %s', (noProxy, target, direct) => {
    const env = { ALL_PROXY: 'http://p:1', NO_PROXY: noProxy };
    expect(at(env, target) === undefined).toBe(direct);
  });

  it('takes user and password out of the address', () => {
    const proxy = proxiesOf({ HTTPS_PROXY: 'http://us%40er:p%3Aw@p:1' })(new URL('https://quay.io'));
    expect(proxy).toEqual({
      origin: 'http://p:1',
      authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    });
  });

  it('takes a password as it stands where its percent signs encode nothing', () => {
    const proxy = proxiesOf({ HTTPS_PROXY: 'http://u:100%@p:1' })(new URL('https://quay.io'));
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from('u:100%').toString('base64')}`);
  });

  it.each([
    ['socks5://user:secret@p:1', 'names a socks5 proxy'],
    ['http://user:secret@:1', 'is no address'],
  ])('%s is refused without showing it', (value, reason) => {
    const find = () => at({ ALL_PROXY: value }, 'https://quay.io');
    expect(find).toThrow(`the variable ALL_PROXY ${reason}`);
    expect(find).not.toThrow('secret');
  });
});
