import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RegistryReport } from '../../src/core/serving/registry-report.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { makeScratchStorage, removeScratchStorage, type ScratchStorage } from '../support/first-boot.ts';
import { describeWith } from '../support/needs.ts';
import { type Outcome, output, run, toolPath } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { startRegistry, writeMirrorConf } from '../support/running-registry.ts';
import type { SetImage } from '../support/set-images.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const needs = { root: true, programs: ['podman', 'skopeo', 'unshare', 'ip', 'curl'] };

describeWith(needs, 'pulling by the source names', () => {
  let work: TemporaryFolder;
  let origin: FakeRegistry;
  let set: ReleaseSet;
  let count = 0;
  const storages: ScratchStorage[] = [];

  beforeAll(async () => {
    work = await makeTemporaryFolder();
    origin = await startFakeRegistry();
    // The names are those of a registry that this machine cannot reach.
    set = await writeReleaseSet(join(work.path, 'set'), { host: 'quay.io', components: 1 });
    origin.add(set);
    await writeFile(
      join(work.path, 'origin.conf'),
      `[[registry]]\nprefix = "quay.io"\nlocation = "${origin.host}"\ninsecure = true\n`,
    );
  });
  afterAll(async () => {
    for (const storage of storages) await removeScratchStorage(storage);
    await origin.close();
    await work.remove();
  });

  const images = () => [set.additional.tool, set.additional.oci, set.additional.index];
  const nextPath = (name: string): string => {
    count += 1;
    return join(work.path, `${name}-${count}`);
  };
  /** A folder with the images staged in it. */
  const stage = async (...args: string[]): Promise<string> => {
    const folder = nextPath('staged');
    await mkdir(folder);
    const references = images().flatMap(({ reference, referenceByDigest }) => [reference, referenceByDigest]);
    const argv = [
      toolPath,
      'download',
      '-f',
      folder,
      '--no-mount-check',
      '-a',
      references.join(','),
      ...args,
    ];
    await output(argv as [string, ...string[]], {
      env: { CONTAINERS_REGISTRIES_CONF: join(work.path, 'origin.conf') },
    });
    return folder;
  };
  const scratch = async (): Promise<ScratchStorage> => {
    const storage = await makeScratchStorage(nextPath('storage'));
    storages.push(storage);
    return storage;
  };
  /** Runs commands where nothing but loopback is, beside the registry of a folder; $CONF leads to it. */
  const withoutNetwork = async (
    folder: string,
    { env }: ScratchStorage,
    commands: string,
  ): Promise<Outcome & { report: RegistryReport }> => {
    const [conf, report] = [`${folder}.conf`, `${folder}.report.json`];
    await writeMirrorConf(conf, 'quay.io', '127.0.0.1:22700');
    const script = `
      ip link set lo up
      "$1" registry serve --root "$2" --report "$3" --access-log - & server=$!
      curl --silent --fail --retry 100 --retry-delay 0 --retry-connrefused --output /dev/null http://127.0.0.1:22700/v2/
      status=0
      { ${commands}
      } || status=$?
      kill $server; wait $server
      exit $status`;
    const argv = ['unshare', '--net', '--mount', '--propagation', 'private', 'bash', '-c', script] as const;
    const outcome = await run([...argv, 'bash', toolPath, folder, report], {
      env: { ...env, CONTAINERS_REGISTRIES_CONF: conf, CONF: conf },
    });
    return { ...outcome, report: JSON.parse(await readFile(report, 'utf8')) as RegistryReport };
  };

  it('works with podman and skopeo, by digest and by tag, without any network', async () => {
    const folder = await stage();
    const pulls = images().flatMap(({ reference, referenceByDigest }) => [
      `podman pull --quiet ${referenceByDigest}`,
      `podman pull --quiet ${reference}`,
      // Asked again it asks the registry again, though all is there.
      `podman pull --quiet ${referenceByDigest}`,
    ]);
    const copies = images().map(
      ({ name, reference }) =>
        `skopeo --registries-conf $CONF copy --quiet docker://${reference} dir:$2.${name}`,
    );
    const done = await withoutNetwork(folder, await scratch(), [...pulls, ...copies].join(' &&\n'));
    expect(done.status, done.stderr).toBe(0);
    expect(done.report).toMatchObject({ state: 'stopped', faults: [], aborted: 0 });
    const named = done.report.references.map(({ reference }) => reference);
    expect(named).toEqual(
      expect.arrayContaining(
        images().flatMap(({ reference, referenceByDigest }) => [reference, referenceByDigest]),
      ),
    );
  }, 120_000);

  it('works where the images lie ready in the container storage, whose layers nobody asks for', async () => {
    const folder = await stage('--format', 'storage');
    const { tool } = set.additional;
    const storage = await scratch();
    await rm(join(storage.folder, 'graph'), { recursive: true, force: true });
    await output(['cp', '-a', join(folder, 'storage/containers/storage'), join(storage.folder, 'graph')]);
    const done = await withoutNetwork(folder, storage, `podman pull --quiet ${tool.referenceByDigest}`);
    expect(done.status, done.stderr).toBe(0);
    const layers = tool.manifest.blobs.slice(1).map(({ digest }) => digest);
    expect(done.report.blobs.filter(({ digest }) => layers.includes(digest))).toEqual([]);

    // With the storage gone nothing is promised: the next mirror has to have it.
    await rm(join(folder, 'storage'), { recursive: true });
    const without = await withoutNetwork(
      folder,
      await scratch(),
      `podman pull --quiet ${tool.referenceByDigest}`,
    );
    expect(without.status).not.toBe(0);
    expect(without.report.faults).toMatchObject([{ state: 'missing' }]);
  }, 120_000);

  const ownLayer = ({ manifest }: SetImage) => manifest.blobs.at(-1)?.digest.slice('sha256:'.length) ?? '';
  /** Pulls an image by way of the registry of a folder, in front of the one it came from. */
  const pull = async (folder: string, host: string, { referenceByDigest }: SetImage): Promise<Outcome> => {
    const { env } = await scratch();
    const conf = `${folder}.conf`;
    await writeFile(
      conf,
      [
        '[[registry]]',
        'prefix = "quay.io"',
        `location = "${origin.host}"`,
        'insecure = true',
        '[[registry.mirror]]',
        `location = "${host}/quay.io"`,
        'insecure = true\n',
      ].join('\n'),
    );
    const argv = ['unshare', '--mount', '--propagation', 'private', 'podman', 'pull', '--quiet'] as const;
    return run([...argv, referenceByDigest], { env: { ...env, CONTAINERS_REGISTRIES_CONF: conf } });
  };

  it('goes on to the next mirror: at once where a layer is missing, the second time where it is corrupt', async () => {
    const whole = await stage();
    const { tool, oci } = set.additional;
    const folder = `${whole}-damaged`;
    await cp(whole, folder, { recursive: true });
    await rm(join(folder, 'pool/blobs/sha256', ownLayer(tool)));
    const path = join(folder, 'pool/blobs/sha256', ownLayer(oci));
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const served = await startRegistry(folder);
    const lacking = await pull(folder, served.host, tool);
    expect(lacking.status, lacking.stderr).toBe(0);
    const first = await pull(folder, served.host, oci);
    expect(first.status, 'the client refuses what is corrupt').not.toBe(0);
    await expect.poll(() => served.said.stderr).toContain('is corrupt on the disk');
    const second = await pull(folder, served.host, oci);
    expect(second.status, second.stderr).toBe(0);
    expect(await served.stop()).toBe(0);
    // With the server gone its mirror is passed over.
    const without = await pull(folder, served.host, oci);
    expect(without.status, without.stderr).toBe(0);
  }, 120_000);
});
