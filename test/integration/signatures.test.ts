import { verify as verifySignature } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AttachedTo,
  attachArtifact,
  attachSignature,
  makeSigningKey,
  tagReferrers,
} from '../support/attachments.ts';
import { type DataDescriptor, type DataSet, makeDataSet } from '../support/conformance-data.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from '../support/fake-registry.ts';
import { describeWith } from '../support/needs.ts';
import { output, runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const repository = 'lab/tool';
const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const key = makeSigningKey();

interface Attached {
  readonly kind: string;
  readonly subject: string;
  readonly digest: string;
  readonly artifactType?: string;
  readonly size: number;
}
interface Passport {
  readonly images: readonly { readonly artifact: string; readonly signatures: readonly Attached[] }[];
  readonly missing: readonly { readonly reason: string }[];
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  readonly stale: { readonly blobs: readonly unknown[] };
}

let registry: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
let data: DataSet;
let top: DataDescriptor;
let instance: DataDescriptor;
let attachedTo: AttachedTo;

async function start(options: FakeRegistryOptions = { referrers: { pageSize: 2 } }): Promise<void> {
  registry = await startFakeRegistry(options);
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  data = makeDataSet(registry, repository);
  instance = data.image();
  top = data.index([instance], { tag: '1' });
  attachedTo = { repository, subject: top };
}
async function stop(): Promise<void> {
  await registry.close();
  await work.remove();
}
beforeEach(() => start());
afterEach(stop);

const download = async (...args: string[]) => {
  const argv = ['download', '-f', folder, '--no-mount-check', '-a', `${registry.host}/${repository}:1`];
  const outcome = await runTool([...argv, '-o', 'json', ...args]);
  const { images } = await passport().catch(() => ({ images: [] }));
  return { ...outcome, summary: () => JSON.parse(outcome.stdout) as object, image: images[0] };
};
const passport = async () => JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as Passport;
const view = () => join(folder, 'images/tool_1');
const signatureNames = async () =>
  (await readdir(view())).filter((name) => name.includes('signature')).toSorted();
const poolFile = (digest: string) => join(folder, 'pool/blobs', digest.replace(':', '/'));
const instanceFile = (number: number) => `${instance.digest.slice(7)}.signature-${number}`;

describe('--signatures', () => {
  it('keeps cosign signatures, of the index and of the platform, where dir: carries them', async () => {
    const ofTop = attachSignature(registry, attachedTo, key);
    const ofInstance = attachSignature(registry, { repository, subject: instance }, key);
    const { status, stderr, summary, image } = await download('--signatures');
    expect(status, stderr).toBe(0);
    expect(summary()).toMatchObject({ signed: 1, staged: 1 });
    expect(image?.signatures).toMatchObject([
      { kind: 'signature', subject: top.digest, digest: ofTop },
      { kind: 'signature', subject: instance.digest, digest: ofInstance },
    ]);
    expect(await signatureNames()).toEqual([instanceFile(1), 'signature-1']);
    const [name, json] = (await readFile(join(view(), 'signature-1'), 'utf8')).split('\n');
    expect(name).toBe('\0sigstore-json');
    const { mimeType, payload, annotations } = JSON.parse(json ?? '') as {
      mimeType: string;
      payload: string;
      annotations: Readonly<Record<string, string>>;
    };
    expect(mimeType).toBe('application/vnd.dev.cosign.simplesigning.v1+json');
    const signed = Buffer.from(payload, 'base64');
    expect(signed.toString()).toContain(top.digest);
    const signature = Buffer.from(annotations['dev.cosignproject.cosign/signature'] ?? '', 'base64');
    expect(verifySignature('sha256', signed, key.publicKey, signature)).toBe(true);
    const manifest = JSON.parse(await readFile(poolFile(ofTop), 'utf8')) as { layers: DataDescriptor[] };
    expect((await passport()).blobs.map(({ digest }) => digest)).toEqual(
      expect.arrayContaining([ofTop, ofInstance, manifest.layers[0]?.digest]),
    );
  });

  it('keeps what refers to the image, by the API, and nothing that is no signature, attestation or SBOM', async () => {
    const statement = { 'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1' };
    const attached = [
      { kind: 'signature', ...attachArtifact(registry, attachedTo, bundle) },
      { kind: 'attestation', ...attachArtifact(registry, attachedTo, bundle, { annotations: statement }) },
      { kind: 'sbom', ...attachArtifact(registry, attachedTo, 'application/spdx+json') },
    ];
    const other = attachArtifact(registry, attachedTo, 'application/vnd.amazon.soci.index.v1+json');
    const { status, stderr, summary, image } = await download('--signatures');
    expect(status, stderr).toBe(0);
    expect(summary()).toMatchObject({ signed: 1 });
    expect(image?.signatures.map(({ kind, digest }) => ({ kind, digest }))).toEqual(
      attached.map(({ kind, digest }) => ({ kind, digest })),
    );
    expect(await signatureNames()).toEqual([]);
    for (const { digest } of attached) expect(await readFile(poolFile(digest))).toBeDefined();
    expect(registry.log.some(({ path }) => path.includes(other.digest))).toBe(false);
  });

  it('finds the list of referrers under its tag where there is no API', async () => {
    await stop();
    await start({});
    const sbom = attachArtifact(registry, attachedTo, 'application/vnd.cyclonedx+json');
    tagReferrers(registry, attachedTo, [sbom]);
    const attestation = attachArtifact(registry, attachedTo, 'application/vnd.in-toto+json', {
      tag: `${top.digest.replace(':', '-')}.att`,
    });
    const { image, summary, stderr } = await download('--signatures');
    expect(image?.signatures, stderr).toMatchObject([
      { kind: 'attestation', digest: attestation.digest, artifactType: attestation.artifactType },
      { kind: 'sbom', digest: sbom.digest, artifactType: sbom.artifactType },
    ]);
    expect(summary()).toMatchObject({ signed: 0 });
  });

  it('takes no signature for an ordinary state', async () => {
    const { status, summary, image } = await download('--signatures');
    expect(status).toBe(0);
    expect(summary()).toMatchObject({ signed: 0, failed: [] });
    expect(image?.signatures).toEqual([]);
  });

  it.each([
    ['the tags', '.sig', faults.error(403, 'DENIED'), 4],
    ['the API', '/referrers/', faults.error(403, 'DENIED'), 4],
    ['the payload', '/blobs/', faults.notFound('BLOB_UNKNOWN'), 7],
  ])('fails the image when %s cannot be asked', async (_name, path, fault, status) => {
    const signature = attachSignature(registry, attachedTo, key);
    const manifest = JSON.parse(await manifestText(signature)) as { layers: DataDescriptor[] };
    const payload = manifest.layers[0]?.digest ?? '';
    registry.fault({ path: path === '/blobs/' ? payload : path, fault });
    const outcome = await download('--signatures');
    expect(outcome.status, outcome.stderr).toBe(status);
    expect(await readdir(join(folder, 'images'))).toEqual([]);
  });

  it('fails the image when the signature is an index', async () => {
    registry.addManifest(repository, {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      bytes: Buffer.from('{"schemaVersion":2,"manifests":[]}'),
      tag: `${top.digest.replace(':', '-')}.sig`,
    });
    const { status, stderr } = await download('--signatures');
    expect(status).toBe(3);
    expect(stderr).toContain('should be a signature, and is an index');
  });
});

async function manifestText(digest: string): Promise<string> {
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  return (await fetch(`${registry.url}/v2/${repository}/manifests/${digest}`, { headers: accept })).text();
}

describe('a further run', () => {
  it('without the flag asks for nothing and keeps what is there', async () => {
    attachSignature(registry, attachedTo, key);
    const { image } = await download('--signatures');
    const asked = registry.log.length;
    const again = await download('-s');
    expect(again.summary()).toMatchObject({ existed: 1, staged: 0, fetchedBytes: 0, stale: 0 });
    expect(again.summary()).not.toHaveProperty('signed');
    expect(again.image).toEqual(image);
    expect(await signatureNames()).toEqual(['signature-1']);
    expect(registry.log.slice(asked).some(({ path }) => path.includes('.sig'))).toBe(false);
  });

  it('with the flag adds what was signed since', async () => {
    expect((await download()).image?.signatures).toEqual([]);
    attachSignature(registry, attachedTo, key);
    const { summary } = await download('--signatures');
    expect(summary()).toMatchObject({ staged: 1, signed: 1 });
    expect(await signatureNames()).toEqual(['signature-1']);
    const second = await download('--signatures');
    expect(second.summary()).toMatchObject({ existed: 1, fetchedBytes: 0 });
  });

  it('makes a copy whole again whose signature was damaged', async () => {
    attachSignature(registry, attachedTo, key);
    await download('--signatures');
    const path = join(view(), 'signature-1');
    const whole = await readFile(path);
    await writeFile(path, Buffer.alloc(whole.length));
    expect((await download()).summary()).toMatchObject({ staged: 1 });
    expect(await readFile(path)).toEqual(whole);
  });

  it('of verify finds what was damaged, and puts it right', async () => {
    const signature = attachSignature(registry, { repository, subject: instance }, key);
    const sbom = attachArtifact(registry, attachedTo, 'application/spdx+json');
    await download('--signatures');
    const layerOf = async (digest: string) => {
      const { layers } = JSON.parse(await readFile(poolFile(digest), 'utf8')) as { layers: DataDescriptor[] };
      return layers[0]?.digest ?? '';
    };
    const files = [
      join(view(), instanceFile(1)),
      poolFile(await layerOf(signature)),
      poolFile(await layerOf(sbom.digest)),
      poolFile(signature),
    ];
    const verify = (...args: string[]) => runTool(['verify', '-f', folder, '-o', 'json', ...args]);
    expect(await verify()).toMatchObject({ status: 0 });
    for (const file of files) {
      const whole = await readFile(file);
      await writeFile(file, Buffer.alloc(whole.length));
      const found = await verify();
      expect(found.status, file).toBe(6);
      const { images } = JSON.parse(found.stdout) as { images: { state: string }[] };
      expect(images[0]?.state, file).toBe('corrupt');
      const repaired = await verify('--repair');
      expect(repaired.status, repaired.stdout + repaired.stderr).toBe(0);
      expect((await readFile(file)).equals(whole), file).toBe(true);
    }
  });

  it('puts a damaged payload right', async () => {
    attachSignature(registry, attachedTo, key);
    const { image } = await download('--signatures');
    const manifest = await readFile(poolFile(image?.signatures[0]?.digest ?? ''), 'utf8');
    const { layers } = JSON.parse(manifest) as { layers: DataDescriptor[] };
    const payload = poolFile(layers[0]?.digest ?? '');
    const whole = await readFile(payload);
    await writeFile(payload, Buffer.alloc(whole.length));
    const { status, stderr } = await download();
    expect(status, stderr).toBe(0);
    expect((await readFile(payload)).equals(whole)).toBe(true);
  });

  it('forgets the signatures of an image that is another now', async () => {
    attachSignature(registry, attachedTo, key);
    await download('--signatures');
    data.index([instance, { ...instance, platform: { architecture: 'arm64', os: 'linux' } }], { tag: '1' });
    const { image } = await download();
    expect(image?.signatures).toEqual([]);
    expect(await signatureNames()).toEqual([]);
    expect((await passport()).stale.blobs).toHaveLength(4);
  });
});

describeWith({ programs: ['skopeo'] }, 'the signatures, to skopeo', () => {
  it('are copied byte for byte', async () => {
    attachSignature(registry, attachedTo, key);
    attachSignature(registry, { repository, subject: instance }, key);
    await download('--signatures');
    const copied = join(work.path, 'copy');
    await output(['skopeo', 'copy', '--quiet', '--all', `dir:${view()}`, `dir:${copied}`]);
    for (const name of await readdir(view())) {
      expect((await readFile(join(copied, name))).equals(await readFile(join(view(), name))), name).toBe(
        true,
      );
    }
  });
});

describeWith({ programs: ['skopeo', 'docker-registry'] }, 'the signatures, pushed to docker-registry', () => {
  it('lie under their tag, as they did before', async () => {
    attachSignature(registry, { repository, subject: instance }, key);
    await download('--signatures');
    const place = join(work.path, 'registry');
    await mkdir(place);
    const other = await startDockerRegistry(place);
    try {
      const settings = join(work.path, 'registries.d');
      await mkdir(settings);
      await writeFile(
        join(settings, 'all.yaml'),
        JSON.stringify({ docker: { [other.host]: { 'use-sigstore-attachments': true } } }),
      );
      const argv = [
        'skopeo',
        '--registries.d',
        settings,
        'copy',
        '--quiet',
        '--dest-tls-verify=false',
      ] as const;
      await output([...argv, '--preserve-digests', `dir:${view()}`, `docker://${other.host}/lab/tool:1`]);
      const tag = `${instance.digest.replace(':', '-')}.sig`;
      const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
      const pushed = await fetch(`${other.url}/v2/lab/tool/manifests/${tag}`, { headers: accept });
      const layersOf = (text: string) => (JSON.parse(text) as { layers: DataDescriptor[] }).layers;
      expect(layersOf(await pushed.text())).toEqual(layersOf(await manifestText(tag)));
    } finally {
      await other.stop();
    }
  });
});
