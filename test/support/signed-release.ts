import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FakeRegistry } from './fake-registry.ts';
import { type MessageOptions, makeSigner, type Signer } from './openpgp.ts';
import type { ReleaseSet } from './release-set.ts';

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
