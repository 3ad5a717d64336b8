import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { makeCredentialHelper } from '../support/credential-helper.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from '../support/fake-registry.ts';
import { linkReleaseSet } from '../support/fill-registry.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { describeWith } from '../support/needs.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const user = { username: 'factory', password: 's3cret' };
const nothing = { HTTPS_PROXY: undefined, HTTP_PROXY: undefined, ALL_PROXY: undefined, NO_PROXY: undefined };

let work: TemporaryFolder;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  work = await makeTemporaryFolder();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await work.remove();
});

const env = (more: Record<string, string | undefined> = {}) => ({
  ...nothing,
  HOME: work.path,
  XDG_RUNTIME_DIR: work.path,
  ...more,
});
const ping = (args: readonly string[], more?: Record<string, string | undefined>): Promise<Outcome> =>
  runTool(['registry', 'ping', ...args], { env: env(more) });
const put = async (name: string, text: string): Promise<string> => {
  await mkdir(join(work.path, name, '..'), { recursive: true });
  await writeFile(join(work.path, name), text, { mode: 0o600 });
  return join(work.path, name);
};
const reportOf = ({ stdout }: Outcome) => (JSON.parse(stdout) as Record<string, unknown>[])[0];

async function fake(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  closing.push(() => registry.close());
  return registry;
}

async function filled(registry: FakeRegistry, host = registry.host): Promise<ReleaseSet> {
  const set = await writeReleaseSet(join(work.path, 'set'), { host });
  registry.add(set);
  return set;
}

describe('registry ping', () => {
  it('says how an image comes from a registry with bearer tokens, and shows no secret', async () => {
    const registry = await fake({ access: { scheme: 'bearer', ...user, expiresIn: 300 } });
    const { additional } = await filled(registry);
    const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
    const file = await put('auth.json', JSON.stringify({ auths: { [`${registry.host}/lab`]: { auth } } }));
    const { index } = additional;
    const outcome = await ping(['--authfile', file, '-o', 'json', index.reference]);
    expect(outcome.status, outcome.stderr).toBe(0);
    expect(reportOf(outcome)).toEqual({
      reference: index.reference,
      from: index.reference,
      endpoints: [
        {
          reference: index.reference,
          mirror: false,
          insecure: false,
          origin: registry.url,
          transport: { verified: false, authorities: [] },
          access: {
            scheme: 'bearer',
            tokenEndpoint: `${registry.url}/token`,
            credentials: { user: 'factory', file, key: `${registry.host}/lab` },
          },
          manifest: {
            digest: index.manifest.digest,
            mediaType: index.manifest.mediaType,
            size: index.manifest.size,
          },
          blob: 'served',
          roundTripMs: expect.any(Number) as number,
        },
      ],
    });
    const text = await ping(['--authfile', file, index.reference]);
    expect(text.stdout).toContain(`bearer, tokens from ${registry.url}/token`);
    expect(text.stdout).toContain(`factory, from "${registry.host}/lab" of ${file}`);
    expect(text.stdout).toContain(`=> can be pulled from ${index.reference}`);
    for (const said of [outcome, text]) expect(said.stdout + said.stderr).not.toMatch(/s3cret|ZmFjdG9yeT/);
  });

  it('tries mirrors first, says which rule named them, and passes over one that fails', async () => {
    const registry = await fake();
    const mirror = await fake();
    const { additional } = await filled(registry);
    const { reference } = additional.tool;
    const conf = await put(
      '.config/containers/registries.conf',
      `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${mirror.host}/copy"\n`,
    );
    const outcome = await ping([reference]);
    expect(outcome.status).toBe(0);
    const mirrored = reference.replace(registry.host, `${mirror.host}/copy`);
    expect(outcome.stdout).toContain(`mirror ${mirrored} (rule "${registry.host}" at ${conf}:1)`);
    expect(outcome.stdout).toContain(`error       ${mirrored}: not there (status 404`);
    expect(outcome.stdout).toContain(`=> can be pulled from ${reference}`);
    expect(mirror.log.length).toBeGreaterThan(0);
  });

  it.each([
    ['a missing tag', undefined, '/lab/tool:9', 7, 'not there'],
    ['wrong bytes', faults.otherManifest(), '/lab/tool:1.2', 6, 'has the digest'],
    ['a registry in trouble', faults.unavailable(503), '/lab/tool:1.2', 5, 'status 503'],
    ['a refusal', faults.error(403, 'DENIED'), '/lab/tool:1.2', 4, 'status 403, DENIED'],
  ])('ends with the status of %s', async (_name, fault, path, status, message) => {
    const registry = await fake();
    await filled(registry);
    if (fault !== undefined) registry.fault({ path: '/manifests/', fault });
    const outcome = await ping([`${registry.host}${path}`]);
    expect(outcome.status, outcome.stdout).toBe(status);
    expect(outcome.stdout).toContain(message);
    expect(outcome.stdout).toContain('=> cannot be pulled');
    expect(outcome.stderr).toBe('');
  });

  it('finds a blob that does not come, and reports every image', async () => {
    const registry = await fake();
    const { additional } = await filled(registry);
    registry.fault({ path: '/lab/tool/blobs/', fault: faults.notFound('BLOB_UNKNOWN') });
    const outcome = await ping([additional.oci.reference, additional.tool.reference]);
    expect(outcome.status).toBe(7);
    expect(outcome.stdout).toContain(`=> can be pulled from ${additional.oci.reference}`);
    expect(outcome.stdout).toContain('=> cannot be pulled');
  });

  it('says where a blocked image is blocked', async () => {
    const conf = await put(
      '.config/containers/registries.conf',
      '[[registry]]\nlocation = "blocked.test"\nblocked = true\n',
    );
    const outcome = await ping(['blocked.test/a:1']);
    expect(outcome.status).toBe(8);
    expect(outcome.stdout).toContain('registries.conf blocks blocked.test');
    expect(outcome.stdout).toContain(`${conf}:1`);
  });

  it.each([
    [[], "missing required argument 'reference'"],
    [['busybox'], 'it names no registry'],
    [['quay.io/a', '--platform', 'x'], 'is no platform'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await ping(args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('credential helpers', () => {
  it.each([
    [
      'gives the password',
      { answer: { Username: user.username, Secret: user.password } },
      0,
      'factory, from docker-credential-test of',
    ],
    [
      'knows nothing',
      { prints: 'credentials not found in native keychain', status: 1 },
      4,
      'and there are none',
    ],
    [
      'fails',
      { prints: 'the store is locked: s3cret', status: 1 },
      8,
      'docker-credential-test cannot give the credentials for HOST: it failed',
    ],
    [
      'crashes',
      { prints: 's3cret', status: 3 },
      8,
      'cannot give the credentials for HOST: docker-credential-test get: exit status 3',
    ],
    [
      'prints garbage',
      { prints: 's3cret', status: 0 },
      8,
      'cannot give the credentials for HOST: its answer is not understood',
    ],
    ['is not installed', undefined, 8, 'docker-credential-test is not installed'],
  ] as const)('one that %s', async (_name, behaviour, status, message) => {
    const access = { scheme: 'bearer', ...user, expiresIn: 300 } as const;
    const registry = await fake({ access });
    const { additional } = await filled(registry);
    const file = await put(
      '.docker/config.json',
      JSON.stringify({ credHelpers: { [registry.host]: 'test' } }),
    );
    const PATH =
      behaviour === undefined
        ? process.env['PATH']
        : await makeCredentialHelper(join(work.path, 'bin'), 'test', behaviour);
    const outcome = await ping([additional.tool.reference], { PATH });
    expect(outcome.status, outcome.stdout + outcome.stderr).toBe(status);
    expect(outcome.stdout).toContain(message.replace('HOST', registry.host));
    if (status === 8) expect(outcome.stdout).toContain(file);
    expect(outcome.stdout + outcome.stderr).not.toContain('s3cret');
  });

  it('one that hangs is ended after ten seconds, once for all images', async () => {
    const registry = await fake({ access: { scheme: 'basic', ...user } });
    const { additional } = await filled(registry);
    await put('.docker/config.json', JSON.stringify({ credsStore: 'test' }));
    const PATH = await makeCredentialHelper(join(work.path, 'bin'), 'test', 'hangs');
    const started = performance.now();
    const outcome = await ping([additional.tool.reference, additional.oci.reference], { PATH });
    expect(outcome.status).toBe(8);
    expect(outcome.stdout).toContain('docker-credential-test: no end after 10 s');
    expect(performance.now() - started).toBeLessThan(18_000);
  });
});

const programs = ['docker-registry', 'openssl', 'htpasswd', 'setpriv'];

describeWith({ programs }, 'a real registry with TLS and a password, through a real proxy', () => {
  it('is pinged and downloaded from', async () => {
    const name = 'registry.test:5443';
    const certificates = await makeCertificates(work.path, { names: 'DNS:registry.test' });
    const registry = await startDockerRegistry(work.path, { certificates, user });
    closing.push(registry.stop);
    const set = await writeReleaseSet(join(work.path, 'set'), { host: name });
    await linkReleaseSet(registry, set);
    const proxyUser = { username: 'line', password: 'pr0xy' };
    const proxy = await startForwardProxy({ names: { [name]: registry.host }, user: proxyUser });
    closing.push(() => proxy.close());
    const authFile = await put(
      'auth.json',
      JSON.stringify({
        auths: { [name]: { auth: Buffer.from(`${user.username}:${user.password}`).toString('base64') } },
      }),
    );
    const access = ['--authfile', authFile, '--cert-dir', certificates.trustFolder];
    const through = { HTTPS_PROXY: `http://line:pr0xy@${proxy.host}` };
    const outcome = await ping([...access, set.additional.tool.reference], through);
    expect(outcome.status, outcome.stdout).toBe(0);
    expect(outcome.stdout).toContain(`https://${name}, certificate verified`);
    expect(outcome.stdout).toContain(join(certificates.trustFolder, 'ca.crt'));
    expect(outcome.stdout).toContain(`proxy       http://${proxy.host}\n`);
    expect(outcome.stdout).toContain(`access      basic\n`);
    expect(outcome.stdout).toContain(`factory, from "${name}" of ${authFile}`);
    expect(outcome.stdout + outcome.stderr).not.toMatch(/s3cret|pr0xy/);
    expect(proxy.log.length).toBeGreaterThan(0);
    expect(proxy.log.every(({ method, target }) => method === 'CONNECT' && target === name)).toBe(true);

    const folder = join(work.path, 'staged');
    await mkdir(folder);
    const argv = [
      'download',
      '-f',
      folder,
      '--no-mount-check',
      '-a',
      set.additional.tool.reference,
      ...access,
    ];
    const staged = await runTool(argv, { env: env(through) });
    expect(staged.status, staged.stderr).toBe(0);
    const refused = await runTool(argv, { env: env({ HTTPS_PROXY: `http://line:wrong@${proxy.host}` }) });
    expect(refused.status).toBe(4);
    expect(refused.stderr + refused.stdout).toContain(`the proxy ${proxy.host} refuses the user`);
    expect(refused.stderr + refused.stdout).not.toContain('wrong');
  });
});
