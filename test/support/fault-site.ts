import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { digestOf } from './blob-folder.ts';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from './fake-registry.ts';
import { type Outcome, type RunOptions, runTool } from './process.ts';
import { seededBytes } from './seeded.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** An image that a fake registry serves from memory. */
export interface ServedImage {
  readonly reference: string;
  /** In its registry: `lab/sound`. */
  readonly repository: string;
  readonly manifest: Buffer;
  readonly digest: string;
  /** Config, the layer both images share, and the image's own layer. */
  readonly blobs: readonly ServedBlob[];
  readonly own: ServedBlob;
}

export interface ServedBlob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** What a run of `download` left behind. `summary` is its JSON result, if it came to one. */
export interface Staged extends Outcome {
  readonly summary: Summary | undefined;
}

interface Summary {
  readonly staged: number;
  readonly existed: number;
  readonly fetchedBytes: number;
  readonly failed: readonly { readonly reference: string; readonly code: string; readonly reason: string }[];
}

/** A fake registry with two small images, `sound` and `faulty`, and a folder to stage them into. */
export interface FaultSite {
  readonly registry: FakeRegistry;
  readonly sound: ServedImage;
  readonly faulty: ServedImage;
  /** A folder for the test's own files. */
  readonly work: string;
  readonly folder: string;
  /** The command line of `stage`. */
  readonly argv: (...args: string[]) => string[];
  /** Nothing of this machine's settings reaches the tool: its home is `work`, and there is no proxy. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs `download` for both images. */
  readonly stage: (args?: readonly string[], options?: RunOptions) => Promise<Staged>;
  /** The requests of the log so far for the faulty image's own layer. */
  readonly asked: () => FakeRegistry['log'];
  readonly close: () => Promise<void>;
}

/** Starts a registry and fills it. */
export async function openFaultSite(options: FakeRegistryOptions = {}): Promise<FaultSite> {
  const temporary = await makeTemporaryFolder();
  const work = temporary.path;
  const folder = join(work, 'staged');
  await mkdir(folder);
  const registry = await startFakeRegistry(options);
  const sound = serveImage(registry, 'lab/sound');
  const faulty = serveImage(registry, 'lab/faulty');
  const env = { ...noProxy, HOME: work, XDG_RUNTIME_DIR: work, XDG_CONFIG_HOME: undefined };
  const argv = (...args: string[]): string[] => [
    'download',
    '-f',
    folder,
    '--no-mount-check',
    '-o',
    'json',
    '-a',
    `${sound.reference},${faulty.reference}`,
    ...args,
  ];
  return {
    registry,
    sound,
    faulty,
    work,
    folder,
    argv,
    env,
    stage: async (args = [], run = {}) => {
      const outcome = await runTool(argv(...args), { ...run, env: { ...env, ...run.env } });
      return {
        ...outcome,
        summary: outcome.stdout === '' ? undefined : (JSON.parse(outcome.stdout) as Summary),
      };
    },
    asked: () => registry.log.filter(({ path }) => path.endsWith(faulty.own.digest)),
    close: async () => {
      await registry.close();
      await temporary.remove();
    },
  };
}

/** A name that is looked up nowhere, for the site's registry: see `publicly`. */
export const publicName = 'registry.example';
const hostNames = fileURLToPath(new URL('./host-names.cjs', import.meta.url));

/**
 * The environment in which the site's registry is asked for under a public name, so that its own loopback address
 * allows it nothing and no exception for this machine holds. `insecure` allows plain http, which the registry speaks.
 */
export async function publicly(
  { work, registry }: FaultSite,
  insecure = true,
): Promise<Readonly<Record<string, string>>> {
  const conf = join(work, 'registries.conf');
  const location = registry.host.replace('127.0.0.1', publicName);
  const rule = `[[registry]]\nprefix = "${registry.host}"\nlocation = "${location}"\ninsecure = ${insecure}\n`;
  await writeFile(conf, rule);
  return {
    CONTAINERS_REGISTRIES_CONF: conf,
    NODE_OPTIONS: `--require=${hostNames}`,
    TEST_HOST_NAMES: `${publicName}=127.0.0.1`,
  };
}

const noProxy = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Gives a registry an image of tag 1: config, a layer that all these images share, a layer of its own. */
export function serveImage(registry: FakeRegistry, repository: string): ServedImage {
  const shared = blobOf(Buffer.concat([...seededBytes('shared layer', 120_000)]));
  const own = blobOf(Buffer.concat([...seededBytes(repository, 200_000)]));
  const config = blobOf(
    Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', image: repository })),
  );
  const blobs = [config, shared, own];
  for (const { bytes } of blobs) registry.addBlob(repository, bytes);
  const manifest = manifestOf(config, [shared, own]);
  const digest = registry.addManifest(repository, { mediaType: manifestType, bytes: manifest, tag: '1' });
  return { reference: `${registry.host}/${repository}:1`, repository, manifest, digest, blobs, own };
}

/** The bytes of an OCI manifest. `more` are members beside the usual ones, or instead of them. */
export function manifestOf(
  config: ServedBlob,
  layers: readonly ServedBlob[],
  more: Readonly<Record<string, unknown>> = {},
): Buffer {
  const descriptor =
    (mediaType: string) =>
    ({ digest, bytes }: ServedBlob) => ({
      mediaType,
      digest,
      size: bytes.length,
    });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor('application/vnd.oci.image.config.v1+json')(config),
      layers: layers.map(descriptor(layerType)),
      ...more,
    }),
  );
}

function blobOf(bytes: Buffer): ServedBlob {
  return { digest: digestOf(bytes), bytes };
}

/**
 * Holds for every case in which an image cannot be had: one message that names the image and says what each of
 * `says` matches, no stack of calls, the given status; the sound image is staged.
 */
export async function expectOneFailure(
  site: FaultSite,
  outcome: Staged,
  { status, says }: { readonly status: number; readonly says: readonly (string | RegExp)[] },
): Promise<void> {
  const { stderr } = outcome;
  expect(outcome.status, stderr).toBe(status);
  expect(stderr).not.toMatch(/defect|\n {4}at /);
  const lines = stderr.split('\n');
  const at = lines.findIndex((line) => line.startsWith('Failed: '));
  expect(
    lines.filter((line) => /^(Failed|error): /.test(line)),
    stderr,
  ).toHaveLength(1);
  const message = [lines[at], ...(lines[at + 1]?.startsWith('  hint: ') ? [lines[at + 1]] : [])].join('\n');
  expect(message).toContain(site.faulty.reference);
  for (const said of says) expect(message).toMatch(said);
  expect(outcome.summary?.failed).toHaveLength(1);
  expect(outcome.summary).toMatchObject({ staged: 1 });
  await expectWhole(site, site.sound);
}

/** Both images are staged, each byte as its digest says. */
export async function expectStaged(site: FaultSite, outcome: Staged): Promise<void> {
  expect(outcome.status, outcome.stderr).toBe(0);
  expect(outcome.summary?.failed).toEqual([]);
  for (const image of [site.sound, site.faulty]) await expectWhole(site, image);
}

/** Without its faults the registry gives a rerun what is missing, and nothing else. */
export async function expectHealing(site: FaultSite): Promise<void> {
  const { registry } = site;
  registry.heal();
  const held = await heldBlobs(site);
  const before = registry.log.length;
  await expectStaged(site, await site.stage());
  const fetched = registry.log
    .slice(before)
    .filter(({ path, status }) => path.includes('/blobs/') && status < 300);
  const digests = fetched.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  expect(digests).toEqual([...new Set(digests)]);
  for (const digest of digests) expect(held).not.toContain(digest);
}

async function expectWhole({ folder }: FaultSite, image: ServedImage): Promise<void> {
  for (const { digest } of [{ digest: image.digest }, ...image.blobs]) {
    const bytes = await readFile(join(folder, 'pool/blobs', digest.replace(':', '/')));
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
  }
  const name = `${image.repository.replace('lab/', '')}_1`;
  expect(await readFile(join(folder, 'images', name, 'manifest.json'))).toEqual(image.manifest);
}

/** The digests of the pool. */
export async function heldBlobs({ folder }: FaultSite): Promise<readonly string[]> {
  return (await readdir(join(folder, 'pool/blobs/sha256'))).map((name) => `sha256:${name}`);
}
