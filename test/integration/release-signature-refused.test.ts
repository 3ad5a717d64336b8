import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSigner } from '../support/openpgp.ts';
import { useSignedRelease } from '../support/signed-release.ts';

const signed = useSignedRelease();
const { run, download, storeWith } = signed;
const stranger = makeSigner();
const blobsAsked = () => signed.registry.log.filter(({ path }) => path.includes('/blobs/')).length;

describe('is refused with status 6 before anything of it is fetched:', () => {
  const expectRefused = async (reason: string, ...args: readonly string[]): Promise<void> => {
    const before = blobsAsked();
    const { status, stderr } = await download(...args);
    expect(status, stderr).toBe(6);
    expect(stderr).toContain(reason);
    expect(stderr).toContain('hint: ');
    expect(blobsAsked()).toBe(before);
    expect((await readdir(signed.folder)).includes('precache.json')).toBe(false);
  };

  it.each<[string, () => Buffer, string]>([
    [
      'a changed signature',
      () => flip(signed.release.sign({ compression: 'none' }), 300),
      'do not belong together',
    ],
    ['a cut signature', () => signed.release.sign().subarray(0, 400), 'has no signature that counts'],
    ['a strange key', () => signed.release.sign({ signer: stranger }), 'which is not trusted'],
    ['a signature that has expired', () => signed.release.sign({ lifetime: 3600 }), 'it expired at'],
    [
      'a signature of another image',
      () => signed.release.sign({ digest: `sha256:${'0'.repeat(64)}` }),
      'another image',
    ],
    [
      'a signature of another version',
      () => signed.release.sign({ identity: tagged('4.11.9-x86_64') }),
      'signed as 4.11.9',
    ],
    [
      'a signature of another architecture',
      () => signed.release.sign({ identity: tagged(`${signed.version}-s390x`) }),
      's390x',
    ],
    [
      'a signature as another image',
      () => signed.release.sign({ identity: 'quay.io/lab/tool:1.2' }),
      'not as a release in',
    ],
    ['a signature of SHA-1', () => signed.release.sign({ hash: 'sha1' }), 'SHA-1'],
    ['what is no signature', () => Buffer.from('<html>'), 'not made of OpenPGP packets'],
    ['a huge file', () => Buffer.alloc(70_000), 'larger than'],
  ])('%s', async (_what, make, reason) => {
    await expectRefused(reason, ...signed.release.keyArguments, ...(await storeWith(make())));
  });

  it('no signature at all, and one by a key that does not count without --release-key', async () => {
    const empty = join(signed.work, 'empty');
    await mkdir(empty);
    await expectRefused('is not signed', ...signed.release.keyArguments, '--signature-store', empty);
    await expectRefused('which is not trusted', ...(await storeWith(signed.release.sign())));
  });

  it('a key that has expired', async () => {
    const expired = makeSigner({ keyLifetime: 3600 });
    const keys = join(signed.work, 'expired.gpg');
    await writeFile(keys, expired.keyring);
    await expectRefused(
      'does not count: it expired',
      '--release-key',
      keys,
      ...(await storeWith(signed.release.sign({ signer: expired }))),
    );
  });

  it('an endless answer of a store', async () => {
    signed.registry.fault({
      path: '/store/',
      fault: () => ({ status: 200, headers: {}, body: Buffer.alloc(1024), delivery: { kind: 'endless' } }),
    });
    await expectRefused(
      'more than',
      ...signed.release.keyArguments,
      '--signature-store',
      `${signed.registry.url}/store`,
    );
  });

  it('a release by digest or tag that is signed as another one than it is', async () => {
    const store = await storeWith(signed.release.sign({ identity: tagged('4.11.9-x86_64') }));
    const image = `quay.io/openshift-release-dev/ocp-release@${signed.release.digest}`;
    const argv = ['download', '-f', signed.folder, '--no-mount-check', '--release-image', image];
    const { status, stderr } = await run(...argv, ...signed.release.keyArguments, ...store);
    expect(status, stderr).toBe(6);
    expect(stderr).toContain(`is ${signed.version}-x86_64, and is signed as 4.11.9-x86_64`);
  });

  const tagged = (tag: string): string => `quay.io/openshift-release-dev/ocp-release:${tag}`;
});

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
