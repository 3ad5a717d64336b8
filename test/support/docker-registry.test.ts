import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from './blob-folder.ts';
import { makeCertificates } from './certificates.ts';
import {
  type DockerRegistry,
  type DockerRegistryOptions,
  skopeoAccess,
  startDockerRegistry,
} from './docker-registry.ts';
import { linkReleaseSet, pushReleaseSet } from './fill-registry.ts';
import { describeWith } from './needs.ts';
import { output, run } from './process.ts';
import { type ReleaseSet, servedImagesOf, writeReleaseSet } from './release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

const user = { username: 'joe', password: 'secret' };

let temporary: TemporaryFolder;
let registry: DockerRegistry | undefined;
beforeEach(async () => {
  temporary = await makeTemporaryFolder();
});
afterEach(async () => {
  await registry?.stop();
  await temporary.remove();
});

const programs = ['docker-registry', 'skopeo', 'openssl', 'htpasswd', 'setpriv'];

describeWith({ programs }, 'docker-registry', () => {
  it('keeps every digest of a set that skopeo pushes, over TLS and with a password', async () => {
    const certificates = await makeCertificates(temporary.path);
    const started = await start({ certificates, user });
    const set = await smallSet(started);
    await pushReleaseSet(started, set);
    for (const { reference, referenceByDigest, manifest } of servedImagesOf(set)) {
      expect(await digestServed(started, reference), reference).toBe(manifest.digest);
      expect(await digestServed(started, referenceByDigest), referenceByDigest).toBe(manifest.digest);
    }
    const trusting = ['skopeo', 'inspect', '--cert-dir', certificates.trustFolder] as const;
    const stranger = await run([...trusting, `docker://${set.release.reference}`]);
    expect(stranger.stderr).toContain('authentication required');
  }, 60_000);

  it('serves a set that was linked into its storage', async () => {
    const started = await start({});
    const set = await smallSet(started);
    await linkReleaseSet(started, set);
    for (const { reference, manifest } of [set.release, ...Object.values(set.additional)]) {
      expect(await digestServed(started, reference), reference).toBe(manifest.digest);
    }
    const { reference, manifest } = set.additional.index;
    const copy = join(temporary.path, 'copy');
    const access = skopeoAccess(started, 'src');
    await output(['skopeo', 'copy', '--all', ...access, `docker://${reference}`, `dir:${copy}`]);
    expect(digestOf(await readFile(join(copy, 'manifest.json')))).toBe(manifest.digest);
  }, 60_000);

  it('ends when it is told to', async () => {
    const started = await start({});
    expect((await fetch(`${started.url}/v2/`)).status).toBe(200);
    await started.stop();
    await expect(fetch(`${started.url}/v2/`)).rejects.toThrow('fetch failed');
  });
});

async function start(options: DockerRegistryOptions): Promise<DockerRegistry> {
  registry = await startDockerRegistry(temporary.path, options);
  return registry;
}

async function digestServed(by: DockerRegistry, reference: string): Promise<string> {
  return digestOf(await output(['skopeo', 'inspect', '--raw', ...skopeoAccess(by), `docker://${reference}`]));
}

function smallSet(of: DockerRegistry): Promise<ReleaseSet> {
  const small = { components: 4, baseLayers: [20_000, 30_000], ownLayer: { min: 1000, max: 9000 } };
  return writeReleaseSet(join(temporary.path, 'set'), { host: of.host, ...small });
}
