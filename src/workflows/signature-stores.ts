import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ToolError } from '../core/errors.ts';
import { type Digest, hexOf } from '../core/oci/digest.ts';
import { largestMessage } from '../core/openpgp/message.ts';
import { parseSignatureMap, signatureKey } from '../core/release/signature-map.ts';
import { kindOf } from '../pool/regular-file.ts';
import type { RegistryClient } from '../registry/client.ts';
import { readBinaryFile, readTextFile } from '../system/files.ts';
import { unlessMissing } from './unless-missing.ts';

/** Where signatures of releases are kept, by the digest of the release image and a number from 1 up. */
export interface SignatureStore {
  /** As the user named it. */
  readonly name: string;
  /** Undefined when it has none of that number. */
  readonly read: (digest: Digest, number: number) => Promise<Uint8Array | undefined>;
}

/** Where the signatures of Red Hat's releases are published, in the order in which they are asked. */
export const publicStores = [
  'https://mirror.openshift.com/pub/openshift-v4/signatures/openshift/release',
  'https://storage.googleapis.com/openshift-release/official/signatures/openshift/release',
] as const;

/** Bytes of a file of ConfigMaps. */
const largestMap = 32 * 1024 * 1024;

/**
 * Opens a store: a URL, a folder in the layout of one (`sha256=<hex>/signature-<n>`), or a file of ConfigMaps. Throws
 * `not-found` for a path that is not there, `invalid-document` for a file of another kind, `usage` for another URL.
 */
export async function openSignatureStore(
  location: string,
  client: Pick<RegistryClient, 'fetchDocument'>,
): Promise<SignatureStore> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return urlStore(location, client);
  const found = await stat(location).catch(() => undefined);
  if (found === undefined) {
    throw new ToolError('not-found', `the signature store ${location} is not there`, {
      hint: 'name a URL, a folder with sha256=<hex>/signature-<n>, or a file of ConfigMaps',
    });
  }
  return found.isDirectory() ? folderStore(location) : await mapStore(location);
}

/** The path of a signature below a store. */
export function signaturePath(digest: Digest, number: number): string {
  return `sha256=${hexOf(digest)}/signature-${number}`;
}

function urlStore(location: string, client: Pick<RegistryClient, 'fetchDocument'>): SignatureStore {
  const base = URL.canParse(location) ? new URL(location) : undefined;
  if (base === undefined || !['http:', 'https:'].includes(base.protocol) || base.username !== '') {
    throw new ToolError('usage', `${location} is no signature store`, {
      hint: 'name an https URL without credentials',
    });
  }
  return {
    name: `${base.origin}${base.pathname}`,
    read: async (digest, number) => {
      const url = new URL(base);
      url.pathname = `${base.pathname.replace(/\/+$/, '')}/${signaturePath(digest, number)}`;
      return unlessMissing(client.fetchDocument(url, 'the signature', largestMessage));
    },
  };
}

/** A store in a folder of this machine. */
function folderStore(folder: string): SignatureStore {
  return {
    name: folder,
    read: async (digest, number) =>
      unlessMissing(readBinaryFile(join(folder, signaturePath(digest, number)), largestMessage)),
  };
}

/** What earlier runs kept below a staging folder; whatever is no regular file there is nothing. */
export function ownStore(folder: string): SignatureStore {
  const store = folderStore(join(folder, 'signatures'));
  return {
    name: store.name,
    read: async (digest, number) => {
      const kind = await kindOf(join(store.name, signaturePath(digest, number)));
      return kind === 'file' ? store.read(digest, number) : undefined;
    },
  };
}

async function mapStore(path: string): Promise<SignatureStore> {
  const signatures = parseSignatureMap(await readTextFile(path, largestMap), path);
  return { name: path, read: async (digest, number) => signatures.get(signatureKey(hexOf(digest), number)) };
}
