import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ToolError } from '../errors.ts';
import { artifactName, distinctArtifactName, formatReference, parseReference } from './reference.ts';

const hex = 'ab'.repeat(32);

describe('parseReference', () => {
  it.each([
    ['quay.io/a/b:1.2', { registry: 'quay.io', repository: 'a/b', tag: '1.2' }],
    ['quay.io/a', { registry: 'quay.io', repository: 'a', tag: 'latest' }],
    ['reg:5000/x/y__z', { registry: 'reg:5000', repository: 'x/y__z', tag: 'latest' }],
    ['localhost/x', { registry: 'localhost', repository: 'x', tag: 'latest' }],
    ['[::1]:5000/x:t', { registry: '[::1]:5000', repository: 'x', tag: 't' }],
    [`quay.io/a/b@sha256:${hex}`, { registry: 'quay.io', repository: 'a/b', digest: `sha256:${hex}` }],
    [
      `quay.io/a/b:t@sha256:${hex}`,
      { registry: 'quay.io', repository: 'a/b', tag: 't', digest: `sha256:${hex}` },
    ],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    ['', 'names no registry'],
    ['ubuntu:22.04', 'names no registry'],
    ['library/ubuntu', 'names no registry'],
    ['quay.io/Upper/case', 'no repository name'],
    ['quay.io/', 'no repository name'],
    ['quay.io/a:', 'no tag'],
    ['quay.io/a:-x', 'no tag'],
    ['quay.io/a@sha256:../../etc', 'digest'],
    ['quay.io/a@md5:00', 'digest'],
    ['quay.io/../a', 'no repository name'],
    ['-x.io/a', 'no host'],
    ['quay.io/a b', 'no repository name'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseReference(text)).toThrow(new RegExp(reason));
    expect(() => parseReference(text)).toThrow(ToolError);
  });

  it('is undone by formatReference, for whatever it accepts', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('/'));
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/));
    fc.assert(
      fc.property(name, tag, fc.boolean(), (repository, tag, withDigest) => {
        const text = `r.io:5000/${repository}${tag === null ? '' : `:${tag}`}${withDigest ? `@sha256:${hex}` : ''}`;
        const canonical = tag === null && !withDigest ? `${text}:latest` : text;
        expect(formatReference(parseReference(text))).toBe(canonical);
      }),
    );
  });
});

describe('artifactName', () => {
  it.each([
    [`reg:8443/x/release@sha256:${hex}`, `release@sha256_${hex}`],
    ['quay.io/lab/tool:1.2', 'tool_1.2'],
  ])('of %s is %s', (text, name) => {
    expect(artifactName(parseReference(text))).toBe(name);
  });

  it('is told apart by a suffix where it has to be', () => {
    const [a, b] = [parseReference('quay.io/a/tool:1'), parseReference('quay.io/b/tool:1')];
    expect(artifactName(a)).toBe(artifactName(b));
    expect(distinctArtifactName(a)).not.toBe(distinctArtifactName(b));
    expect(distinctArtifactName(a)).toMatch(/^tool_1\.[0-9a-f]{8}$/);
  });
});
