import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorAnswer } from '../support/fake-registry/answer.ts';
import { makeSigner } from '../support/openpgp.ts';
import type { Outcome } from '../support/process.ts';
import { useSignedRelease } from '../support/signed-release.ts';

const signed = useSignedRelease();
const { run, download, passport, storeWith, serveStore } = signed;
const stranger = makeSigner();
const mapName = () => `sha256=${signed.release.digest.slice(7)}/configmap.yaml`;

describe('a signed release', () => {
  const expectStaged = async ({ status, stderr }: Outcome, store: string): Promise<void> => {
    expect(status, stderr).toBe(0);
    const { releases, signatures } = await passport();
    expect(releases[0]?.signature).toMatchObject({
      file: signed.file,
      identity: signed.release.identity,
      signedBy: signed.release.signer.fingerprint,
      created: '2024-01-01T00:00:00.000Z',
      store,
    });
    expect(signatures).toEqual([mapName(), signed.file]);
    const verified = await run('verify', '-f', signed.folder);
    expect(verified.status, verified.stderr + verified.stdout).toBe(0);
  };

  it('is accepted by a signature in a folder, which is kept and is a store itself', async () => {
    const signature = signed.release.sign();
    const store = await storeWith(signature);
    await expectStaged(await download(...signed.release.keyArguments, ...store), store[1] ?? '');
    expect(await readFile(join(signed.folder, 'signatures', signed.file))).toEqual(signature);

    // Neither a second run nor another folder needs the store any more.
    const again = await download(
      ...signed.release.keyArguments,
      '--signature-store',
      `${signed.registry.url}/nowhere`,
    );
    expect(again.status, again.stderr).toBe(0);
    expect((await passport()).releases[0]?.signature).toMatchObject({ store: store[1] });
    const kept = join(signed.work, 'kept');
    await cp(join(signed.folder, 'signatures'), kept, { recursive: true });
    for (const place of [kept, join(kept, mapName())]) {
      await rm(signed.folder, { recursive: true });
      await mkdir(signed.folder);
      await expectStaged(await download(...signed.release.keyArguments, '--signature-store', place), place);
    }
  });

  it('is accepted by signatures of version 3, and by the second of a store over HTTP', async () => {
    const bad = signed.release.sign({ signer: stranger });
    const good = signed.release.sign({ version: 3, hash: 'sha512', compression: 'zlib' });
    const hex = signed.release.digest.slice(7);
    const url = serveStore({ [`sha256=${hex}/signature-1`]: bad, [`sha256=${hex}/signature-2`]: good });
    await expectStaged(await download(...signed.release.keyArguments, '--signature-store', url), url);
  });

  it('is accepted by a store that fails at first, and by the next where one has nothing', async () => {
    const url = serveStore({ [signed.file]: signed.release.sign() });
    signed.registry.heal();
    signed.registry.fault({ path: '/store/', fault: () => errorAnswer(503, 'UNAVAILABLE'), times: 1 });
    serveStore({ [signed.file]: signed.release.sign() });
    const empty = join(signed.work, 'empty');
    await mkdir(empty);
    const stores = ['--signature-store', empty, '--signature-store', url];
    await expectStaged(await download(...signed.release.keyArguments, ...stores), url);
  });

  it('is accepted from ConfigMaps in YAML and in JSON', async () => {
    const key = `sha256-${signed.release.digest.slice(7)}-1`;
    const map = { kind: 'ConfigMap', binaryData: { [key]: signed.release.sign().toString('base64') } };
    const json = join(signed.work, 'map.json');
    await writeFile(json, JSON.stringify({ kind: 'List', items: [map] }));
    await expectStaged(await download(...signed.release.keyArguments, '--signature-store', json), json);
    const broken = join(signed.work, 'broken.yaml');
    await writeFile(broken, `kind: ConfigMap\nbinaryData:\n  ${key}: "%%%"\n`);
    const refused = await download(...signed.release.keyArguments, '--signature-store', broken);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('is no base64');
  });

  it('is verified by plan and by a dry run, too', async () => {
    const flags = [...signed.release.keyArguments, ...(await storeWith(signed.release.sign()))];
    const unsigned = [
      ...signed.release.keyArguments,
      ...(await storeWith(signed.release.sign({ signer: stranger }))),
    ];
    for (const command of [['plan'], ['download', '-f', signed.folder, '--no-mount-check', '--dry-run']]) {
      const accepted = await run(...command, '-r', signed.version, ...flags);
      expect(accepted.status, accepted.stderr).toBe(0);
      expect((await run(...command, '-r', signed.version, ...unsigned)).status).toBe(6);
    }
    expect(await readdir(signed.folder)).toEqual([]);
  });

  it('has its signature checked by verify, repaired, carried by bundles and removed when it is stale', async () => {
    const flags = [...signed.release.keyArguments, ...(await storeWith(signed.release.sign()))];
    expect(
      (await run('download', '-f', signed.folder, '--no-mount-check', '-a', `quay.io/lab/tool:1.2`)).status,
    ).toBe(0);
    const before = join(signed.work, 'before');
    await cp(signed.folder, before, { recursive: true });
    expect((await download(...flags)).status).toBe(0);

    const path = join(signed.folder, 'signatures', signed.file);
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const damaged = await run('verify', '-f', signed.folder);
    expect(damaged.status).toBe(6);
    expect(damaged.stdout).toContain(`signatures/${signed.file}`);
    expect((await run('verify', '-f', signed.folder, '--repair')).status).toBe(0);
    expect((await run('verify', '-f', signed.folder)).status).toBe(0);

    const bundle = join(signed.work, 'bundle.tar');
    const made = await run(
      'bundle',
      'create',
      '-f',
      signed.folder,
      '--for',
      join(before, 'precache.json'),
      '--output-file',
      bundle,
    );
    expect(made.status, made.stderr).toBe(0);
    const applied = await run('bundle', 'apply', '-f', before, bundle);
    expect(applied.status, applied.stderr).toBe(0);
    expect(await readFile(join(before, 'signatures', signed.file))).toEqual(await readFile(path));
    expect((await run('verify', '-f', before)).status).toBe(0);

    const other = await run(
      'download',
      '-f',
      signed.folder,
      '--no-mount-check',
      '-a',
      `quay.io/lab/tool:1.2`,
      '-s',
    );
    expect(other.status, other.stderr).toBe(0);
    expect((await passport()).signatures).toEqual([]);
    expect(await readdir(join(signed.folder, 'signatures'))).toEqual([]);
  });
});

describe('without a signature', () => {
  it('--insecure-skip-signature says so loudly and is recorded', async () => {
    const { status, stderr } = await download('--insecure-skip-signature');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/warning: the signature of quay\.io\S+ is NOT verified/);
    expect(await passport()).toMatchObject({ releases: [{ signature: 'skipped' }], signatures: [] });
  });

  it('a release of another repository is staged as it is, and verified where that is asked for', async () => {
    const image = `${signed.registry.host}/openshift-release-dev/ocp-release:${signed.version}-x86_64`;
    const argv = ['download', '-f', signed.folder, '--no-mount-check', '--release-image', image];
    const plain = await run(...argv);
    expect(plain.status, plain.stderr).toBe(0);
    expect((await passport()).releases[0]).not.toHaveProperty('signature');

    const store = await storeWith(signed.release.sign());
    const strict = ['--verify-release', ...signed.release.keyArguments];
    expect((await run(...argv, ...strict, ...store)).status).toBe(0);
    expect((await passport()).releases[0]?.signature).toMatchObject({ identity: signed.release.identity });
    const identity = ['--release-identity', 'quay.io/okd/scos-release'];
    const kept = await run(...argv, ...strict, ...identity, ...store);
    expect(kept.status).toBe(6);
    expect(kept.stderr).toContain('not as a release in quay.io/okd/scos-release');
  });

  it('stores that cannot be asked are an error of the network', async () => {
    const denied = serveDenied();
    const { status, stderr } = await download(...signed.release.keyArguments, '--signature-store', denied);
    expect(status, stderr).toBe(4);
    expect(stderr).toContain('cannot be had');
    const plain = await download(
      ...signed.release.keyArguments,
      '--signature-store',
      'http://store.example/x',
    );
    expect(plain.status, plain.stderr).toBe(5);
    expect(plain.stderr).toContain('over https only');
  });

  it('names the mistakes in flags', async () => {
    const missing = await download('--signature-store', join(signed.work, 'nowhere'));
    expect(missing.status).toBe(7);
    expect((await download('--signature-store', 'ftp://x/y')).status).toBe(2);
    expect((await download('--release-identity', 'quay.io/a/b:1')).status).toBe(2);
    const keys = join(signed.work, 'keys.txt');
    await writeFile(keys, 'no keys');
    expect((await download('--release-key', keys)).status).toBe(3);
    expect((await download('--release-key', keys, '--trust-beta-key')).status).toBe(2);
  });

  const serveDenied = (): string => {
    signed.registry.fault({ path: '/denied/', fault: () => errorAnswer(403, 'DENIED') });
    return `${signed.registry.url}/denied`;
  };
});
