import { beforeEach, describe, expect, it } from 'vitest';
import type { Credentials } from '../core/containers/auth-file.ts';
import type { Challenge } from '../core/oci/challenge.ts';
import { parseReference } from '../core/oci/reference.ts';
import type { Head } from './exchange.ts';
import { createTokens, type TokenOptions } from './tokens.ts';

const origin = new URL('https://quay.io');
const challenge: Challenge = {
  scheme: 'bearer',
  parameters: { realm: 'https://auth.quay.io/token?account=x', service: 'quay.io' },
};
const a = parseReference('quay.io/lab/a:1');
const b = parseReference('quay.io/lab/b:1');

type Asked = Parameters<TokenOptions['send']>[0];
let asked: Asked[];
let now: number;
let answer: Head & { body: string };

beforeEach(() => {
  asked = [];
  now = 0;
  answer = { status: 200, headers: {}, body: JSON.stringify({ token: 't0', expires_in: 300 }) };
});

function open(credentials?: Credentials) {
  return createTokens({
    registry: 'quay.io',
    credentials: async () => credentials && { credentials, source: { file: '/auth.json', key: 'quay.io' } },
    send: async (request, take) => {
      asked.push(request);
      const { body, ...head } = answer;
      await take(head)(Buffer.from(body));
      return head;
    },
    now: () => now,
    signal: new AbortController().signal,
  });
}

const query = (index: number) => asked[index]?.url.searchParams;

describe('a token', () => {
  it('is asked for with service, scope and the password, beside what the realm has in its query', async () => {
    const tokens = open({ username: 'u', password: 'p:w' });
    expect(await tokens.authorize(challenge, a, origin)).toBe('Bearer t0');
    expect(asked).toMatchObject([
      {
        method: 'GET',
        headers: { authorization: `Basic ${Buffer.from('u:p:w').toString('base64')}` },
      },
    ]);
    expect(Object.fromEntries(query(0) ?? [])).toEqual({
      account: 'x',
      service: 'quay.io',
      scope: 'repository:lab/a:pull',
    });
  });

  it('is exchanged for an identity token by POST, which no address shows', async () => {
    const tokens = open({ identityToken: 'refresh-me' });
    answer = { ...answer, body: JSON.stringify({ access_token: 't1', refresh_token: 'other' }) };
    expect(await tokens.authorize(challenge, a, origin)).toBe('Bearer t1');
    const [request] = asked;
    expect(request?.method).toBe('POST');
    expect(request?.url.href).not.toContain('refresh-me');
    expect(request?.headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' });
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'factory-precaching-cli',
      refresh_token: 'refresh-me',
      service: 'quay.io',
      scope: 'repository:lab/a:pull',
    });
  });

  it('serves one repository, for however many, until it is about to end', async () => {
    const tokens = open();
    const many = Array.from({ length: 10 }, () => tokens.authorize(challenge, a, origin));
    expect(new Set(await Promise.all(many))).toEqual(new Set(['Bearer t0']));
    await tokens.authorize(challenge, b, origin);
    expect(asked.map(({ url }) => url.searchParams.get('scope'))).toEqual([
      'repository:lab/a:pull',
      'repository:lab/b:pull',
    ]);
    now = 239_000;
    await tokens.authorize(challenge, a, origin);
    expect(asked).toHaveLength(2);
    now = 241_000;
    await Promise.all([1, 2, 3].map(() => tokens.authorize(challenge, a, origin)));
    expect(asked).toHaveLength(3);
  });

  it.each([
    [{}, 47_000, 49_000],
    [{ expires_in: 0 }, 47_000, 49_000],
    [{ expires_in: null }, 47_000, 49_000],
    [{ expires_in: 10 }, 7000, 9000],
    [{ expires_in: 300, issued_at: '2026-11-22T11:58:20Z' }, 139_000, 141_000],
    [{ expires_in: 300, issued_at: '2026-11-22T12:00:05Z' }, 239_000, 241_000],
    [{ expires_in: 300, issued_at: '1970-01-01T00:00:00Z' }, 239_000, 241_000],
    [{ expires_in: 300, issued_at: 'yesterday' }, 239_000, 241_000],
  ])('with %j is used for between %d and %d ms', async (fields, good, stale) => {
    const tokens = open();
    const headers = { date: 'Sun, 22 Nov 2026 12:00:00 GMT' };
    answer = { ...answer, headers, body: JSON.stringify({ token: 't', ...fields }) };
    await tokens.authorize(challenge, a, origin);
    now = good;
    await tokens.authorize(challenge, a, origin);
    expect(asked).toHaveLength(1);
    now = stale;
    await tokens.authorize(challenge, a, origin);
    expect(asked).toHaveLength(2);
  });

  it('that was refused is asked for anew, with the scope that the refusal names', async () => {
    const tokens = open();
    await tokens.authorize(challenge, a, origin);
    const scope = 'repository:lab/a:pull repository:lab/base:pull nonsense';
    tokens.rejected(a, { scheme: 'bearer', parameters: { error: 'insufficient_scope', scope } });
    await tokens.authorize(challenge, a, origin);
    await tokens.authorize(challenge, b, origin);
    expect(query(1)?.getAll('scope')).toEqual(['repository:lab/a:pull', 'repository:lab/base:pull']);
    expect(query(2)?.getAll('scope')).toEqual(['repository:lab/b:pull']);
  });

  it('is asked for with no more scopes than anybody needs', async () => {
    const tokens = open();
    const scope = Array.from({ length: 100 }, (_, index) => `repository:r${index}:pull`).join(' ');
    tokens.rejected(a, { scheme: 'bearer', parameters: { scope } });
    await tokens.authorize(challenge, a, origin);
    expect(query(0)?.getAll('scope')).toHaveLength(8);
  });

  it.each([
    ['is no JSON', { body: '<html>' }, 'unauthorized', 'holds no token'],
    ['has none', { body: '{"token":""}' }, 'unauthorized', 'holds no token'],
    ['would break a header', { body: '{"token":"a\\r\\nx: y"}' }, 'unauthorized', 'holds no token'],
    ['is endless', { body: 'x'.repeat(1024 * 1024 + 1) }, 'network', 'answer too large'],
    ['refuses', { status: 401 }, 'unauthorized', 'refuses the credentials for lab/a'],
    ['is in trouble', { status: 503 }, 'network', 'status 503'],
    ['is not there', { status: 404 }, 'network', 'status 404'],
  ])('cannot be had where the answer %s', async (_name, change, code, message) => {
    const tokens = open({ username: 'u', password: 's3cret' });
    answer = { ...answer, ...change };
    const error: unknown = await tokens.authorize(challenge, a, origin).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(String(error)).not.toContain('s3cret');
  });

  it('is asked for again after a failure', async () => {
    const tokens = open();
    answer = { ...answer, status: 503 };
    await expect(tokens.authorize(challenge, a, origin)).rejects.toThrow('status 503');
    answer = { ...answer, status: 200 };
    expect(await tokens.authorize(challenge, a, origin)).toBe('Bearer t0');
  });

  it('is not asked for over plain http where the registry speaks TLS', async () => {
    const realm = { scheme: 'bearer', parameters: { realm: 'http://auth.quay.io/token' } };
    const tokens = open({ username: 'u', password: 'p' });
    await expect(tokens.authorize(realm, a, origin)).rejects.toThrow('plain http');
    expect(asked).toEqual([]);
  });
});
