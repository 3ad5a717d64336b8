import { DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { type JsonNode, parseJson } from '../json/tree.ts';
import { type Found, membersOf, problems, textOf, textsOf } from './policy-nodes.ts';
import { type IdentityRule, readIdentityRule } from './signed-identity.ts';

/** Where a key is: a file, or in the policy itself (base64 decoded). */
export type KeySource = { readonly path: string } | { readonly data: Uint8Array };

/** One requirement of containers-policy.json(5). All of a list must hold. */
export type PolicyRequirement =
  | { readonly type: 'insecureAcceptAnything' }
  | { readonly type: 'reject' }
  | {
      /** OpenPGP signatures in a lookaside store, or cosign signatures attached to the image. */
      readonly type: 'signedBy' | 'sigstoreSigned';
      /** A signature by any of them counts. */
      readonly keys: readonly KeySource[];
      readonly identity: IdentityRule;
    }
  /** Valid, and not supported here: what it is about fails. `what` as in "Fulcio certificates". */
  | { readonly type: 'unsupported'; readonly what: string };

/** A containers policy: requirements by scope, as far as it is about registries. */
export interface Policy {
  readonly default: readonly PolicyRequirement[];
  /** Of the transport `docker`; the scope `''` stands for all of it. */
  readonly docker: ReadonlyMap<string, readonly PolicyRequirement[]>;
}

/** Reads a policy.json. Throws a DocumentError with every mistake; what is unknown is a mistake. */
export function parsePolicy(source: Source): Policy {
  const { root, mistakes } = parseJson(source.text);
  if (root === undefined) throw new DocumentError(source, mistakes);
  const found = problems();
  const policy = readPolicy(root, found);
  if (found.all.length > 0) throw new DocumentError(source, found.all);
  return policy;
}

function readPolicy(root: JsonNode, found: Found): Policy {
  const members = membersOf(root, ['default', 'transports'], found);
  const fallback = members.get('default');
  if (fallback === undefined)
    found.add(root, 'a policy has a "default"', 'add "default": [{"type": "reject"}]');
  const docker = new Map<string, readonly PolicyRequirement[]>();
  const transports = members.get('transports');
  for (const [transport, scopes] of transports === undefined ? [] : membersOf(transports, undefined, found)) {
    for (const [scope, list] of membersOf(scopes, undefined, found)) {
      const requirements = readList(list, found);
      if (transport !== 'docker') continue;
      if (scope.includes('://') || scope.endsWith('/')) {
        found.add(list, `"${scope}" is no scope`, 'write it as in quay.io/namespace/name');
      }
      docker.set(scope, requirements);
    }
  }
  return { default: fallback === undefined ? [] : readList(fallback, found), docker };
}

function readList(node: JsonNode, found: Found): readonly PolicyRequirement[] {
  if (node.type !== 'array') {
    found.add(node, 'a scope has a list of requirements');
    return [];
  }
  // With none of them everything would pass.
  if (node.items.length === 0)
    found.add(node, 'the list of requirements is empty', 'write {"type": "reject"}');
  return node.items.map((item) => readRequirement(item, found));
}

const keysOfSigned = ['keyPath', 'keyPaths', 'keyData'] as const;
const keysOfSigstore = [...keysOfSigned, 'keyDatas'] as const;
const rekor = ['rekorPublicKeyPath', 'rekorPublicKeyPaths', 'rekorPublicKeyData', 'rekorPublicKeyDatas'];
const membersOfType: Readonly<Record<string, readonly string[]>> = {
  insecureAcceptAnything: ['type'],
  reject: ['type'],
  signedBy: ['type', 'keyType', 'signedIdentity', ...keysOfSigned],
  sigstoreSigned: ['type', 'signedIdentity', 'fulcio', 'pki', ...keysOfSigstore, ...rekor],
};
const nothing: PolicyRequirement = { type: 'reject' };

function readRequirement(node: JsonNode, found: Found): PolicyRequirement {
  const type = textOf(membersOf(node, undefined, found).get('type'));
  const allowed = type === undefined ? undefined : membersOfType[type];
  if (allowed === undefined) {
    found.add(
      node,
      `unknown requirement ${type ?? 'without a type'}`,
      `known: ${Object.keys(membersOfType).join(', ')}`,
    );
    return nothing;
  }
  const members = membersOf(node, allowed, found);
  if (type === 'insecureAcceptAnything' || type === 'reject') return { type };
  const rule = readIdentityRule(members.get('signedIdentity'), found);
  if (type === 'signedBy') return readSignedBy(node, members, rule, found);
  const unsupported = ['fulcio', 'pki', ...rekor].find((name) => members.has(name));
  if (unsupported !== undefined) return { type: 'unsupported', what: whatIs(unsupported) };
  return { type: 'sigstoreSigned', keys: readKeys(node, members, keysOfSigstore, found), identity: rule };
}

function whatIs(name: string): string {
  if (name === 'fulcio') return 'certificates of Fulcio';
  return name === 'pki' ? 'certificates of a PKI' : 'entries in a Rekor log';
}

function readSignedBy(
  node: JsonNode,
  members: ReadonlyMap<string, JsonNode>,
  identity: IdentityRule,
  found: Found,
): PolicyRequirement {
  const keyType = members.get('keyType');
  if (textOf(keyType) !== 'GPGKeys') {
    found.add(keyType ?? node, 'signedBy is for the keyType "GPGKeys" only', 'write "keyType": "GPGKeys"');
  }
  return { type: 'signedBy', keys: readKeys(node, members, keysOfSigned, found), identity };
}

/** Exactly one of the members that say where the keys are. */
function readKeys(
  node: JsonNode,
  members: ReadonlyMap<string, JsonNode>,
  names: readonly string[],
  found: Found,
): readonly KeySource[] {
  const given = names.filter((name) => members.has(name));
  const [name = ''] = given;
  const value = members.get(name);
  if (given.length !== 1 || value === undefined) {
    found.add(node, `it has ${given.length === 0 ? 'none' : 'several'} of ${names.join(', ')}`, 'name one');
    return [];
  }
  const texts = name.endsWith('s') ? textsOf(value, found) : [textOf(value)];
  return texts.flatMap((text): KeySource[] => {
    if (text === undefined || text === '') {
      found.add(value, `${name} holds a text`);
      return [];
    }
    if (name.startsWith('keyPath')) return [{ path: text }];
    if (/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2}==$/.test(text)) {
      return [{ data: Buffer.from(text, 'base64') }];
    }
    found.add(value, `${name} is no base64`, 'write the key file as base64 -w0 gives it');
    return [];
  });
}

/**
 * The requirements for a name, of the most specific scope that the policy has, which replaces all others: the name with
 * its tag or digest, the repository, what is above it, the host, `*.domain`, all registries, the default.
 */
export function requirementsFor(policy: Policy, names: readonly string[]): readonly PolicyRequirement[] {
  for (const name of [...names, '']) {
    const requirements = policy.docker.get(name);
    if (requirements !== undefined) return requirements;
  }
  return policy.default;
}
