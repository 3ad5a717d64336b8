import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorAnswer } from '../support/fake-registry/answer.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { makeSigner } from '../support/openpgp.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeSignedRelease, type SignedRelease } from '../support/signed-release.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

interface Passport {
  readonly releases: readonly { readonly signature?: string | Readonly<Record<string, unknown>> }[];
  readonly signatures: readonly string[];
}

let shared: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let release: SignedRelease;
let work: TemporaryFolder;
let folder: string;
const stranger = makeSigner();

beforeAll(async () => {
  shared = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  const tiny = { baseLayers: [4096], ownLayer: { min: 1024, max: 4096 }, components: 3 };
  set = await writeReleaseSet(join(shared.path, 'set'), { host: 'quay.io', ...tiny });
  registry.add(set);
  release = await makeSignedRelease(shared.path, set, registry);
});
afterAll(async () => {
  await registry.close();
  await shared.remove();
});
beforeEach(async () => {
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
});
afterEach(async () => {
  registry.heal();
  await work.remove();
});

const run = (...args: readonly string[]): Promise<Outcome> => runTool(args, { env: release.env });
const download = (...args: readonly string[]): Promise<Outcome> =>
  run('download', '-f', folder, '--no-mount-check', '-r', set.version, ...args);
const passport = async (): Promise<Passport> =>
  JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
const fileName = () => `sha256=${release.digest.slice(7)}/signature-1`;
const mapName = () => `sha256=${release.digest.slice(7)}/configmap.yaml`;
const storeIn = async (...files: readonly Buffer[]): Promise<string[]> => {
  const name = createHash('sha256')
    .update(Buffer.concat([...files, Buffer.from(work.path)]))
    .digest('hex');
  return ['--signature-store', await release.storeFolder(name, ...files)];
};
const blobsAsked = () => registry.log.filter(({ path }) => path.includes('/blobs/')).length;

/** Serves signatures below `/store` of the registry's own address. */
function serveStore(files: Readonly<Record<string, Buffer>>): string {
  registry.fault({
    path: '/store/',
    fault: ({ path }) => {
      const body = files[path.slice('/store/'.length)];
      if (body === undefined) return errorAnswer(404, 'NOT_FOUND');
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
    },
  });
  return `${registry.url}/store`;
}

describe('a signed release', () => {
  const expectStaged = async ({ status, stderr }: Outcome, store: string): Promise<void> => {
    expect(status, stderr).toBe(0);
    const { releases, signatures } = await passport();
    expect(releases[0]?.signature).toMatchObject({
      file: fileName(),
      identity: release.identity,
      signedBy: release.signer.fingerprint,
      created: '2024-01-01T00:00:00.000Z',
      store,
    });
    expect(signatures).toEqual([mapName(), fileName()]);
    const verified = await run('verify', '-f', folder);
    expect(verified.status, verified.stderr + verified.stdout).toBe(0);
  };

  it('is accepted by a signature in a folder, which is kept and is a store itself', async () => {
    const signature = release.sign();
    const store = await storeIn(signature);
    await expectStaged(await download(...release.keyArguments, ...store), store[1] ?? '');
    expect(await readFile(join(folder, 'signatures', fileName()))).toEqual(signature);

    // Neither a second run nor another folder needs the store any more.
    const again = await download(...release.keyArguments, '--signature-store', `${registry.url}/nowhere`);
    expect(again.status, again.stderr).toBe(0);
    const kept = join(work.path, 'kept');
    await cp(join(folder, 'signatures'), kept, { recursive: true });
    for (const place of [kept, join(kept, mapName())]) {
      await rm(folder, { recursive: true });
      await mkdir(folder);
      await expectStaged(await download(...release.keyArguments, '--signature-store', place), place);
    }
  });

  it('is accepted by signatures of version 3, and by the second of a store over HTTP', async () => {
    const bad = release.sign({ signer: stranger });
    const good = release.sign({ version: 3, hash: 'sha512', compression: 'zlib' });
    const hex = release.digest.slice(7);
    const url = serveStore({ [`sha256=${hex}/signature-1`]: bad, [`sha256=${hex}/signature-2`]: good });
    await expectStaged(await download(...release.keyArguments, '--signature-store', url), url);
  });

  it('is accepted by a store that fails at first, and by the next where one has nothing', async () => {
    const url = serveStore({ [fileName()]: release.sign() });
    registry.heal();
    registry.fault({ path: '/store/', fault: () => errorAnswer(503, 'UNAVAILABLE'), times: 1 });
    serveStore({ [fileName()]: release.sign() });
    const empty = join(work.path, 'empty');
    await mkdir(empty);
    const stores = ['--signature-store', empty, '--signature-store', url];
    await expectStaged(await download(...release.keyArguments, ...stores), url);
  });

  it('is accepted from ConfigMaps in YAML and in JSON', async () => {
    const key = `sha256-${release.digest.slice(7)}-1`;
    const map = { kind: 'ConfigMap', binaryData: { [key]: release.sign().toString('base64') } };
    const json = join(work.path, 'map.json');
    await writeFile(json, JSON.stringify({ kind: 'List', items: [map] }));
    await expectStaged(await download(...release.keyArguments, '--signature-store', json), json);
    const broken = join(work.path, 'broken.yaml');
    await writeFile(broken, `kind: ConfigMap\nbinaryData:\n  ${key}: "%%%"\n`);
    const refused = await download(...release.keyArguments, '--signature-store', broken);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('is no base64');
  });

  it('is verified by plan and by a dry run, too', async () => {
    const signed = [...release.keyArguments, ...(await storeIn(release.sign()))];
    const unsigned = [...release.keyArguments, ...(await storeIn(release.sign({ signer: stranger })))];
    for (const command of [['plan'], ['download', '-f', folder, '--no-mount-check', '--dry-run']]) {
      const accepted = await run(...command, '-r', set.version, ...signed);
      expect(accepted.status, accepted.stderr).toBe(0);
      expect((await run(...command, '-r', set.version, ...unsigned)).status).toBe(6);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('has its signature checked by verify, repaired, carried by bundles and removed when it is stale', async () => {
    const signed = [...release.keyArguments, ...(await storeIn(release.sign()))];
    expect(
      (await run('download', '-f', folder, '--no-mount-check', '-a', `quay.io/lab/tool:1.2`)).status,
    ).toBe(0);
    const before = join(work.path, 'before');
    await cp(folder, before, { recursive: true });
    expect((await download(...signed)).status).toBe(0);

    const path = join(folder, 'signatures', fileName());
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const damaged = await run('verify', '-f', folder);
    expect(damaged.status).toBe(6);
    expect(damaged.stdout).toContain(`signatures/${fileName()}`);
    expect((await run('verify', '-f', folder, '--repair')).status).toBe(0);
    expect((await run('verify', '-f', folder)).status).toBe(0);

    const bundle = join(work.path, 'bundle.tar');
    const made = await run(
      'bundle',
      'create',
      '-f',
      folder,
      '--for',
      join(before, 'precache.json'),
      '--output-file',
      bundle,
    );
    expect(made.status, made.stderr).toBe(0);
    const applied = await run('bundle', 'apply', '-f', before, bundle);
    expect(applied.status, applied.stderr).toBe(0);
    expect(await readFile(join(before, 'signatures', fileName()))).toEqual(await readFile(path));
    expect((await run('verify', '-f', before)).status).toBe(0);

    const other = await run('download', '-f', folder, '--no-mount-check', '-a', `quay.io/lab/tool:1.2`, '-s');
    expect(other.status, other.stderr).toBe(0);
    expect((await passport()).signatures).toEqual([]);
    expect(await readdir(join(folder, 'signatures'))).toEqual([]);
  });
});

describe('is refused with status 6 before anything of it is fetched:', () => {
  const expectRefused = async (reason: string, ...args: readonly string[]): Promise<void> => {
    const before = blobsAsked();
    const { status, stderr } = await download(...args);
    expect(status, stderr).toBe(6);
    expect(stderr).toContain(reason);
    expect(stderr).toContain('hint: ');
    expect(blobsAsked()).toBe(before);
    expect((await readdir(folder)).includes('precache.json')).toBe(false);
  };

  it.each<[string, () => Buffer, string]>([
    ['a changed signature', () => flip(release.sign({ compression: 'none' }), 300), 'do not belong together'],
    ['a cut signature', () => release.sign().subarray(0, 400), 'has no signature that counts'],
    ['a strange key', () => release.sign({ signer: stranger }), 'which is not trusted'],
    ['a signature that has expired', () => release.sign({ lifetime: 3600 }), 'it expired at'],
    [
      'a signature of another image',
      () => release.sign({ digest: `sha256:${'0'.repeat(64)}` }),
      'another image',
    ],
    [
      'a signature of another version',
      () => release.sign({ identity: tagged('4.11.9-x86_64') }),
      'signed as 4.11.9',
    ],
    [
      'a signature of another architecture',
      () => release.sign({ identity: tagged(`${set.version}-s390x`) }),
      's390x',
    ],
    [
      'a signature as another image',
      () => release.sign({ identity: 'quay.io/lab/tool:1.2' }),
      'not as a release in',
    ],
    ['a signature of SHA-1', () => release.sign({ hash: 'sha1' }), 'SHA-1'],
    ['what is no signature', () => Buffer.from('<html>'), 'not made of OpenPGP packets'],
    ['a huge file', () => Buffer.alloc(70_000), 'larger than'],
  ])('%s', async (_what, make, reason) => {
    await expectRefused(reason, ...release.keyArguments, ...(await storeIn(make())));
  });

  it('no signature at all, and one by a key that does not count without --release-key', async () => {
    const empty = join(work.path, 'empty');
    await mkdir(empty);
    await expectRefused('is not signed', ...release.keyArguments, '--signature-store', empty);
    await expectRefused('which is not trusted', ...(await storeIn(release.sign())));
  });

  it('a key that has expired', async () => {
    const expired = makeSigner({ keyLifetime: 3600 });
    const keys = join(work.path, 'expired.gpg');
    await writeFile(keys, expired.keyring);
    await expectRefused(
      'does not count: it expired',
      '--release-key',
      keys,
      ...(await storeIn(release.sign({ signer: expired }))),
    );
  });

  it('an endless answer of a store', async () => {
    registry.fault({
      path: '/store/',
      fault: () => ({ status: 200, headers: {}, body: Buffer.alloc(1024), delivery: { kind: 'endless' } }),
    });
    await expectRefused('more than', ...release.keyArguments, '--signature-store', `${registry.url}/store`);
  });

  it('a release by digest or tag that is signed as another one than it is', async () => {
    const store = await storeIn(release.sign({ identity: tagged('4.11.9-x86_64') }));
    const image = `quay.io/openshift-release-dev/ocp-release@${release.digest}`;
    const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', image];
    const { status, stderr } = await run(...argv, ...release.keyArguments, ...store);
    expect(status, stderr).toBe(6);
    expect(stderr).toContain(`is ${set.version}-x86_64, and is signed as 4.11.9-x86_64`);
  });

  const tagged = (tag: string): string => `quay.io/openshift-release-dev/ocp-release:${tag}`;
});

describe('without a signature', () => {
  it('--insecure-skip-signature says so loudly and is recorded', async () => {
    const { status, stderr } = await download('--insecure-skip-signature');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/warning: the signature of quay\.io\S+ is NOT verified/);
    expect(await passport()).toMatchObject({ releases: [{ signature: 'skipped' }], signatures: [] });
  });

  it('a release of another repository is staged as it is, and verified where that is asked for', async () => {
    const image = `${registry.host}/openshift-release-dev/ocp-release:${set.version}-x86_64`;
    const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', image];
    const plain = await run(...argv);
    expect(plain.status, plain.stderr).toBe(0);
    expect((await passport()).releases[0]).not.toHaveProperty('signature');

    const store = await storeIn(release.sign());
    const strict = ['--verify-release', ...release.keyArguments];
    expect((await run(...argv, ...strict, ...store)).status).toBe(0);
    expect((await passport()).releases[0]?.signature).toMatchObject({ identity: release.identity });
    const identity = ['--release-identity', 'quay.io/okd/scos-release'];
    const kept = await run(...argv, ...strict, ...identity, ...store);
    expect(kept.status).toBe(6);
    expect(kept.stderr).toContain('not as a release in quay.io/okd/scos-release');
  });

  it('stores that cannot be asked are an error of the network', async () => {
    const denied = serveDenied();
    const { status, stderr } = await download(...release.keyArguments, '--signature-store', denied);
    expect(status, stderr).toBe(4);
    expect(stderr).toContain('cannot be had');
    const plain = await download(...release.keyArguments, '--signature-store', 'http://store.example/x');
    expect(plain.status, plain.stderr).toBe(5);
    expect(plain.stderr).toContain('over https only');
  });

  it('names the mistakes in flags', async () => {
    const missing = await download('--signature-store', join(work.path, 'nowhere'));
    expect(missing.status).toBe(7);
    expect((await download('--signature-store', 'ftp://x/y')).status).toBe(2);
    expect((await download('--release-identity', 'quay.io/a/b:1')).status).toBe(2);
    const keys = join(work.path, 'keys.txt');
    await writeFile(keys, 'no keys');
    expect((await download('--release-key', keys)).status).toBe(3);
    expect((await download('--release-key', keys, '--trust-beta-key')).status).toBe(2);
  });

  const serveDenied = (): string => {
    registry.fault({ path: '/denied/', fault: () => errorAnswer(403, 'DENIED') });
    return `${registry.url}/denied`;
  };
});

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
