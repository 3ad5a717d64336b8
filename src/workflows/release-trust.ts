import { ToolError } from '../core/errors.ts';
import { parseReference } from '../core/oci/reference.ts';
import { joinKeyrings, type Keyring, largestKeyring, parseKeyring } from '../core/openpgp/keyring.ts';
import { officialRepository } from '../core/release/signature.ts';
import { redHatKeys } from '../core/release/trusted-keys.ts';
import type { RegistryClient } from '../registry/client.ts';
import { readBinaryFile } from '../system/files.ts';
import { openSignatureStore, ownStore, publicStores, type SignatureStore } from './signature-stores.ts';

/** What the user says about signatures. */
export interface SignatureOptions {
  /** URLs, folders and files of ConfigMaps that are asked instead of the public stores. */
  readonly signatureStore: readonly string[];
  /** Files of public keys that count instead of Red Hat's. */
  readonly releaseKey: readonly string[];
  readonly trustBetaKey: boolean;
  /** The repository that claims must name, instead of the official one. */
  readonly releaseIdentity: string | undefined;
  /** Also for release images of other repositories than that. */
  readonly verifyRelease: boolean;
  readonly insecureSkipSignature: boolean;
  /** A containers policy.json that every image must meet; undefined for none. */
  readonly policy: string | undefined;
  /** Signatures and keys that have expired then do not count. */
  readonly startedAt: Date;
}

/** Whose signatures of releases count, and where they are looked for. */
export interface ReleaseTrust {
  /** Red Hat's keys are read when a release needs them; files of the user's are read already. */
  readonly keyring: () => Keyring;
  /** In the order in which they are asked. */
  readonly stores: readonly SignatureStore[];
  /** `registry/repository` */
  readonly repository: string;
  readonly everywhere: boolean;
  readonly skip: boolean;
  readonly at: Date;
}

/**
 * Reads keys and opens stores. The signatures that the folder has already are asked first, and verified as all others
 * are: a second run needs no store.
 */
export async function openReleaseTrust(
  options: SignatureOptions,
  folder: string,
  client: RegistryClient,
): Promise<ReleaseTrust> {
  const { signatureStore, insecureSkipSignature, verifyRelease, startedAt } = options;
  const locations = signatureStore.length > 0 ? signatureStore : publicStores;
  const stores = await Promise.all(locations.map((location) => openSignatureStore(location, client)));
  return {
    keyring: await readKeys(options),
    stores: [ownStore(folder), ...stores],
    repository: repositoryOf(options.releaseIdentity),
    everywhere: verifyRelease,
    skip: insecureSkipSignature,
    at: startedAt,
  };
}

async function readKeys({ releaseKey, trustBetaKey }: SignatureOptions): Promise<() => Keyring> {
  if (releaseKey.length === 0) return () => redHatKeys({ beta: trustBetaKey });
  if (trustBetaKey) {
    throw new ToolError('usage', '--trust-beta-key and --release-key exclude each other', {
      hint: "put Red Hat's beta key into a file of --release-key, too",
    });
  }
  const files = await Promise.all(
    releaseKey.map(async (path) => parseKeyring(await readBinaryFile(path, largestKeyring), path)),
  );
  const keyring = joinKeyrings(files);
  return () => keyring;
}

function repositoryOf(identity: string | undefined): string {
  if (identity === undefined) return officialRepository;
  const { registry, repository } = parseReference(identity);
  const name = `${registry}/${repository}`;
  if (name === identity) return name;
  throw new ToolError('usage', `--release-identity ${identity} is no repository`, {
    hint: `write it without tag and digest, such as ${officialRepository}`,
  });
}
