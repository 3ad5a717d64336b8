import { describe, expect, it } from 'vitest';
import { parseBootImageKinds, parseFileRequest, parseHttpUrl, platformAsked } from './request.ts';

describe('platformAsked', () => {
  it.each([
    ['linux/amd64', undefined, 'amd64'],
    ['linux/amd64', 'x86_64', 'amd64'],
    ['linux/amd64', 'aarch64', 'arm64'],
    ['linux/amd64', 'arm64', 'arm64'],
    ['linux/s390x', undefined, 's390x'],
    ['linux/ppc64le', 'ppc64le', 'ppc64le'],
  ])('%s and %s are %s', (platform, arch, architecture) => {
    expect(platformAsked(platform, arch)).toEqual({ os: 'linux', architecture });
  });

  it('keeps a variant', () => {
    expect(platformAsked('linux/arm64/v8', 'aarch64').variant).toBe('v8');
  });

  it.each([
    ['linux/arm64', 'x86_64', 'contradict each other'],
    ['linux/amd64', 'riscv64', 'is no architecture of OpenShift'],
    ['linux/amd64', 'multi', 'is no architecture of OpenShift'],
  ])('refuses %s with %s', (platform, arch, reason) => {
    expect(() => platformAsked(platform, arch)).toThrow(reason);
  });
});

describe('parseBootImageKinds', () => {
  it('takes each once', () => {
    expect(parseBootImageKinds(['iso', 'rootfs', 'iso'])).toEqual(['iso', 'rootfs']);
  });

  it('refuses another name', () => {
    expect(() => parseBootImageKinds(['disk'])).toThrow('"disk" is no file of RHCOS');
  });
});

describe('parseFileRequest', () => {
  const hex = 'ab'.repeat(32);

  it('reads URL and hash', () => {
    const file = parseFileRequest('https://rhcos.example/a.img', hex.toUpperCase());
    expect([file?.url.href, file?.digest]).toEqual(['https://rhcos.example/a.img', `sha256:${hex}`]);
    expect(parseFileRequest('http://rhcos.example/a.img', undefined)?.digest).toBeUndefined();
    expect(parseFileRequest(undefined, undefined)).toBeUndefined();
  });

  it.each([
    [undefined, hex, 'there is none'],
    ['https://a/b', 'abc', 'is no SHA-256'],
    ['ftp://a/b', undefined, 'is no URL'],
    ['a.img', undefined, 'is no URL'],
  ])('refuses %s with %s', (url, sha256, reason) => {
    expect(() => parseFileRequest(url, sha256)).toThrow(reason);
  });

  it('refuses a password, and does not repeat it', () => {
    expect(() => parseHttpUrl('https://me:geheim@a/b', '--graph-url')).toThrow(/^(?!.*geheim).*credentials/);
  });
});
