import type { KeyObject } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { parseCosignKey } from '../core/containers/cosign.ts';
import { type KeySource, type Policy, parsePolicy } from '../core/containers/policy.ts';
import type { Lookaside } from '../core/containers/registries-d.ts';
import { ToolError } from '../core/errors.ts';
import { joinKeyrings, type Keyring, largestKeyring, parseKeyring } from '../core/openpgp/keyring.ts';
import { readBinaryFile, readTextFile } from '../system/files.ts';
import { readRegistriesD } from './registries-d.ts';

/** A policy and what it needs to be applied. */
export interface ImagePolicy {
  /** The file, for messages. */
  readonly name: string;
  readonly policy: Policy;
  readonly lookaside: Lookaside;
  readonly cosignKeys: (sources: readonly KeySource[]) => Promise<readonly KeyObject[]>;
  readonly keyring: (sources: readonly KeySource[]) => Promise<Keyring>;
  readonly at: Date;
}

interface PolicyOptions {
  /** The policy.json; undefined for none. */
  readonly policy: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedAt: Date;
}

const largestPolicy = 1024 * 1024;

/** Reads a policy and registries.d. Keys are read when they are needed, relative to nothing but the policy's folder. */
export async function openImagePolicy({
  policy: path,
  env,
  startedAt,
}: PolicyOptions): Promise<ImagePolicy | undefined> {
  if (path === undefined) return undefined;
  const policy = parsePolicy({ name: path, text: await readTextFile(path, largestPolicy) });
  const nameOf = (source: KeySource): string =>
    'path' in source ? resolve(dirname(path), source.path) : `keyData of ${path}`;
  const read = async (source: KeySource): Promise<Uint8Array> =>
    'data' in source ? source.data : readBinaryFile(nameOf(source), largestKeyring);
  return {
    name: path,
    policy,
    lookaside: await readRegistriesD(env),
    at: startedAt,
    cosignKeys: (sources) =>
      Promise.all(
        sources.map(async (source) => {
          const key = parseCosignKey(await read(source));
          if (key !== undefined) return key;
          throw new ToolError(
            'invalid-document',
            `${nameOf(source)} is no public key for cosign signatures`,
            {
              hint: 'a PEM file with BEGIN PUBLIC KEY: RSA of 2048 bits or more, ECDSA or Ed25519',
            },
          );
        }),
      ),
    keyring: async (sources) =>
      joinKeyrings(
        await Promise.all(sources.map(async (source) => parseKeyring(await read(source), nameOf(source)))),
      ),
  };
}
