import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { errorAnswer } from './fake-registry/answer.ts';
import { type FakeRegistry, startFakeRegistry } from './fake-registry.ts';
import { type MessageOptions, makeSigner, type Signer } from './openpgp.ts';
import { type Outcome, runTool } from './process.ts';
import { type ReleaseSet, writeReleaseSet } from './release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

/** What a signature is to claim; what is not said is right for the release. */
export interface Claim extends MessageOptions {
  readonly digest?: string;
  readonly identity?: string;
  readonly signer?: Signer;
}

/** A release under its official name, served by a registry of this machine, and a key that signs it. */
export interface SignedRelease {
  readonly digest: string;
  readonly identity: string;
  readonly signer: Signer;
  readonly sign: (claim?: Claim) => Buffer;
  /** The arguments that make the signer's key count. */
  readonly keyArguments: readonly string[];
  /** The environment in which the official names lead to the registry. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes a folder in the layout of a store; its path. */
  readonly storeFolder: (name: string, ...files: readonly Buffer[]) => Promise<string>;
}

/** Writes keys and registries.conf into `work`. The set's host is `quay.io`. */
export async function makeSignedRelease(
  work: string,
  set: ReleaseSet,
  registry: FakeRegistry,
): Promise<SignedRelease> {
  const signer = makeSigner();
  const keys = join(work, 'keys.gpg');
  const rules = join(work, 'registries.conf');
  await writeFile(keys, signer.keyring);
  const tables = ['openshift-release-dev', 'lab'].map(
    (name) =>
      `[[registry]]\nprefix = "quay.io/${name}"\nlocation = "${registry.host}/${name}"\ninsecure = true\n`,
  );
  await writeFile(rules, tables.join(''));
  const { digest } = set.release.manifest;
  const identity = `quay.io/openshift-release-dev/ocp-release:${set.version}-x86_64`;
  return {
    digest,
    identity,
    signer,
    sign: ({ signer: by = signer, ...claim } = {}) => by.sign(claimOf({ digest, identity, ...claim }), claim),
    keyArguments: ['--release-key', keys],
    env: { CONTAINERS_REGISTRIES_CONF: rules, HOME: work },
    storeFolder: async (name, ...files) => {
      const folder = join(work, name);
      for (const [index, bytes] of files.entries()) {
        const path = join(folder, `sha256=${digest.slice(7)}/signature-${index + 1}`);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes);
      }
      return folder;
    },
  };
}

/** A signed release of the tests of a file, and for each test a folder of its own. */
export interface SignedRun {
  readonly registry: FakeRegistry;
  readonly release: SignedRelease;
  readonly version: string;
  /** An empty folder of the test, and one in it to stage into. */
  readonly work: string;
  readonly folder: string;
  /** Runs the program where the official names lead to the registry. */
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
  /** Downloads the release by its version. */
  readonly download: (...args: readonly string[]) => Promise<Outcome>;
  readonly passport: () => Promise<SignedPassport>;
  /** The arguments that name a new store with these files as signatures of the release. */
  readonly storeWith: (...files: readonly Buffer[]) => Promise<readonly string[]>;
  /** Serves files below a URL of the registry's own address; gives that URL. */
  readonly serveStore: (files: Readonly<Record<string, Buffer>>) => string;
  /** Below `signatures`. */
  readonly file: string;
}

interface SignedPassport {
  readonly releases: readonly { readonly signature?: string | Readonly<Record<string, unknown>> }[];
  readonly signatures: readonly string[];
}

/** Registers the set-up and the clean-up for the tests of a file. The fields are those of the test that runs. */
export function useSignedRelease(): SignedRun {
  let shared: TemporaryFolder;
  let registry: FakeRegistry;
  let set: ReleaseSet;
  let release: SignedRelease;
  let work: TemporaryFolder;
  let folder: string;
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
  return {
    get registry() {
      return registry;
    },
    get release() {
      return release;
    },
    get version() {
      return set.version;
    },
    get work() {
      return work.path;
    },
    get folder() {
      return folder;
    },
    get file() {
      return `sha256=${release.digest.slice(7)}/signature-1`;
    },
    run,
    download: (...args) => run('download', '-f', folder, '--no-mount-check', '-r', set.version, ...args),
    passport: async () => JSON.parse(await readFile(join(folder, 'precache.json'), 'utf8')) as SignedPassport,
    storeWith: async (...files) => {
      const all = Buffer.concat([...files, Buffer.from(work.path)]);
      const name = createHash('sha256').update(all).digest('hex');
      return ['--signature-store', await release.storeFolder(name, ...files)];
    },
    serveStore: (files) => {
      registry.fault({
        path: '/store/',
        fault: ({ path }) => {
          const body = files[path.slice('/store/'.length)];
          if (body === undefined) return errorAnswer(404, 'NOT_FOUND');
          return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
        },
      });
      return `${registry.url}/store`;
    },
  };
}

function claimOf({ digest, identity }: { readonly digest: string; readonly identity: string }): string {
  return JSON.stringify({
    critical: {
      type: 'atomic container signature',
      image: { 'docker-manifest-digest': digest },
      identity: { 'docker-reference': identity },
    },
    optional: { creator: 'test' },
  });
}
