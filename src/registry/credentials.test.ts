import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts';
import { ToolError } from '../core/errors.ts';
import type { Event } from '../core/events.ts';
import { parseReference } from '../core/oci/reference.ts';
import type { RunHelper } from './credential-helper.ts';
import { type CredentialAccess, findCredentials } from './credentials.ts';

let folder: TemporaryFolder;
let events: Event[];
let asked: string[];

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  events = [];
  asked = [];
});
afterEach(() => folder.remove());

const basic = (user: string) => ({ auth: Buffer.from(`${user}:x`).toString('base64') });
const at = (path: string) => join(folder.path, path);

async function put(path: string, content: unknown, mode = 0o600): Promise<string> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), JSON.stringify(content));
  await chmod(at(path), mode);
  return at(path);
}

/** Answers with the helper's name as the user, unless told otherwise. */
const helper: RunHelper = async (program, input) => {
  asked.push(`${program} < ${input}`);
  return { status: 0, stdout: JSON.stringify({ Username: program, Secret: 's3cret' }) };
};

interface Setting extends Partial<CredentialAccess> {
  readonly env?: Record<string, string>;
  readonly authFile?: string;
}

function open({ env, authFile, ...access }: Setting = {}) {
  return findCredentials(
    { env: { XDG_RUNTIME_DIR: at('run'), HOME: at('home'), ...env }, authFile, uid: 4711 },
    {
      helpers: { names: ['containers-auth.json'], file: undefined },
      runHelper: helper,
      emit: (event) => events.push(event),
      ...access,
    },
  );
}

const find = (setting?: Setting, reference = 'quay.io/a') => open(setting)(parseReference(reference));
const userOf = async (setting?: Setting, reference?: string): Promise<string | undefined> => {
  const found = await find(setting, reference);
  return found && 'username' in found.credentials ? found.credentials.username : undefined;
};

describe('the auth files', () => {
  it('are those of the usual places, in order; a named one stands alone', async () => {
    const auths = (user: string) => ({ auths: { 'quay.io': basic(user) } });
    expect(await find()).toBeUndefined();
    await put('home/.dockercfg', { 'quay.io': basic('old') });
    expect(await userOf()).toBe('old');
    await put('home/.docker/config.json', auths('docker'));
    expect(await userOf()).toBe('docker');
    await put('home/.config/containers/auth.json', auths('config'));
    expect(await userOf()).toBe('config');
    await put('xdg/containers/auth.json', auths('xdg'));
    expect(await userOf({ env: { XDG_CONFIG_HOME: at('xdg') } })).toBe('xdg');
    await put('run/containers/auth.json', auths('runtime'));
    expect(await userOf()).toBe('runtime');
    await put('other/config.json', auths('other'));
    expect(await userOf({ env: { DOCKER_CONFIG: at('other') } })).toBe('other');
    const named = await put('named.json', auths('named'));
    expect(await userOf({ env: { REGISTRY_AUTH_FILE: named } })).toBe('named');
    expect(await userOf({ env: { REGISTRY_AUTH_FILE: '/nowhere' }, authFile: named })).toBe('named');
    expect(() => open({ env: { REGISTRY_AUTH_FILE: '/nowhere' } })).toThrow('/nowhere is not there');
  });

  it('are passed over where they do not know the registry', async () => {
    await put('run/containers/auth.json', { auths: { 'other.io': basic('other') } });
    const path = await put('home/.docker/config.json', { auths: { 'https://quay.io/v1/': basic('docker') } });
    expect((await find())?.source).toEqual({ file: path, key: 'https://quay.io/v1/' });
  });

  it('that everybody can read are warned of once, when they are used', async () => {
    const path = await put('run/containers/auth.json', { auths: { 'quay.io': basic('u') } }, 0o644);
    const look = open();
    await look(parseReference('other.io/a'));
    expect(events).toEqual([]);
    await look(parseReference('quay.io/a'));
    await look(parseReference('quay.io/b'));
    expect(events).toEqual([
      {
        type: 'warning',
        text: expect.stringContaining(`can read the credentials in ${path}`) as string,
        hint: `chmod 600 ${path}`,
      },
    ]);
  });
});

describe('a credential helper', () => {
  it('keeps the credentials of its registry, whatever else the file says', async () => {
    const path = await put('run/containers/auth.json', {
      auths: { 'quay.io': basic('file') },
      credHelpers: { 'quay.io': 'one' },
      credsStore: 'all',
    });
    expect(await find()).toEqual({
      credentials: { username: 'docker-credential-one', password: 's3cret' },
      source: { helper: 'docker-credential-one', file: path },
    });
    expect(await userOf({}, 'other.io/a')).toBe('docker-credential-all');
    expect(asked).toEqual(['docker-credential-one < quay.io', 'docker-credential-all < other.io']);
  });

  it('of credsStore comes after the entries, and not where the file turns it off', async () => {
    await put('run/containers/auth.json', {
      auths: { 'quay.io': basic('file') },
      credHelpers: { 'off.io': '' },
      credsStore: 'all',
    });
    expect(await userOf()).toBe('file');
    expect(await find({}, 'off.io/a')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('that has none lets the next place answer', async () => {
    await put('run/containers/auth.json', { credHelpers: { 'quay.io': 'none' } });
    await put('home/.docker/config.json', { auths: { 'quay.io': basic('docker') } });
    const runHelper = async () => ({ status: 1, stdout: 'credentials not found in native keychain\n' });
    expect(await userOf({ runHelper })).toBe('docker');
  });

  it('is asked about Docker Hub as docker does', async () => {
    await put('run/containers/auth.json', { credsStore: 'all' });
    expect(await userOf({}, 'docker.io/library/busybox')).toBe('docker-credential-all');
    expect(asked).toEqual(['docker-credential-all < https://index.docker.io/v1/']);
  });

  it('is asked once for a registry, by however many', async () => {
    await put('run/containers/auth.json', { credsStore: 'all' });
    const look = open();
    await Promise.all(['quay.io/a', 'quay.io/b', 'quay.io/a'].map((text) => look(parseReference(text))));
    await look(parseReference('quay.io/c'));
    expect(asked).toHaveLength(1);
  });

  it('of registries.conf is asked in its place, and after a named file', async () => {
    const named = await put('named.json', { auths: { 'quay.io': basic('named') } });
    const helpers = { names: ['first', 'containers-auth.json', 'last'], file: 'r.conf' };
    expect((await find({ helpers }))?.source).toEqual({ helper: 'docker-credential-first', file: 'r.conf' });
    expect(await userOf({ helpers, authFile: named })).toBe('named');
    expect(await userOf({ helpers, authFile: named }, 'other.io/a')).toBe('docker-credential-first');
  });

  const failing = (answer: { status: number; stdout: string } | ToolError): RunHelper => {
    return async (program) => {
      asked.push(program);
      if (answer instanceof ToolError) throw answer;
      return answer;
    };
  };

  it.each([
    ['fails', { status: 1, stdout: 'the password is s3cret' }, 'it failed'],
    ['prints garbage', { status: 0, stdout: 's3cret' }, 'its answer is not understood'],
    ['hangs', new ToolError('host', 'docker-credential-bad: no end after 10 s'), 'no end after 10 s'],
  ])('that %s is named with the registry, and asked no more', async (_name, answer, reason) => {
    const path = await put('run/containers/auth.json', { credHelpers: { 'quay.io': 'bad' } });
    const look = open({ runHelper: failing(answer) });
    for (const repository of ['a', 'b']) {
      const error: unknown = await look(parseReference(`quay.io/${repository}`)).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ToolError);
      const { code, message, hint } = error as ToolError;
      expect(code).toBe('host');
      expect(message).toContain('docker-credential-bad cannot give the credentials for quay.io: ');
      expect(message).toContain(reason);
      expect(hint).toContain(path);
      expect(`${message}${hint}`).not.toContain('s3cret');
    }
    expect(asked).toHaveLength(1);
  });

  it('must have a name that is none of a path or an option', async () => {
    await put('run/containers/auth.json', { credHelpers: { 'quay.io': '../../bin/sh' } });
    await expect(find()).rejects.toThrow('"../../bin/sh" is no credential helper');
    expect(asked).toEqual([]);
  });
});
