import * as v from 'valibot';
import { parseAllDocuments } from 'yaml';
import { messageOf, ToolError } from '../errors.ts';

/** Signatures by `sha256-<hex>-<n>`, as ConfigMaps of a cluster carry them. */
export type SignatureMap = ReadonlyMap<string, Uint8Array>;

/** The name of a signature in a ConfigMap (library-go, `pkg/verify/store/configmap`). */
export function signatureKey(hex: string, number: number): string {
  return `sha256-${hex}-${number}`;
}

const configMap = v.object({
  kind: v.literal('ConfigMap'),
  binaryData: v.optional(v.record(v.string(), v.string()), {}),
});
const list = v.object({ kind: v.picklist(['List', 'ConfigMapList']), items: v.array(configMap) });
const document = v.union([configMap, list], 'it is neither a ConfigMap nor a list of them');

/**
 * Reads ConfigMaps with release signatures: YAML with any number of documents, or JSON. Throws `invalid-document`
 * naming the file.
 */
export function parseSignatureMap(text: string, name: string): SignatureMap {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${name}: ${reason}`, {
      hint: 'a signature store is a URL, a folder with sha256=<hex>/signature-<n>, or a file of ConfigMaps',
    });
  };
  const found = new Map<string, Uint8Array>();
  for (const value of documentsIn(text, refuse)) {
    if (value === null) continue;
    const result = v.safeParse(document, value);
    if (!result.success) return refuse(result.issues[0].message);
    const { output } = result;
    for (const map of 'items' in output ? output.items : [output]) {
      for (const [key, encoded] of Object.entries(map.binaryData)) {
        if (!/^sha256-[0-9a-f]{64}-[1-9][0-9]*$/.test(key)) continue;
        const bytes = decode(encoded) ?? refuse(`binaryData of ${key} is no base64`);
        const before = found.get(key);
        if (before !== undefined && Buffer.compare(before, bytes) !== 0) refuse(`${key} is there twice`);
        found.set(key, bytes);
      }
    }
  }
  return found.size === 0 ? refuse('it holds no signature (binaryData of the name sha256-<hex>-<n>)') : found;
}

function documentsIn(text: string, refuse: (reason: string) => never): unknown[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true, logLevel: 'silent' });
  if (!Array.isArray(documents)) return [];
  return documents.map((each) => {
    const [mistake] = each.errors;
    if (mistake !== undefined) return refuse(`it is no YAML: ${mistake.message.split('\n')[0]}`);
    try {
      return each.toJS({ maxAliasCount: 10 }) as unknown;
    } catch (error) {
      return refuse(messageOf(error));
    }
  });
}

/** Strict but for line breaks, which YAML may leave in a folded text. */
function decode(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/\s/g, '');
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)
    ? Buffer.from(compact, 'base64')
    : undefined;
}

/** The ConfigMap that brings a release signature to a cluster (`oc apply -f`), as text. */
export function formatSignatureMap(hex: string, signatures: readonly Uint8Array[]): string {
  const lines = signatures.map(
    (bytes, index) => `  ${signatureKey(hex, index + 1)}: ${Buffer.from(bytes).toString('base64')}`,
  );
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    `  name: sha256-${hex}`,
    '  namespace: openshift-config-managed',
    '  labels:',
    '    release.openshift.io/verification-signatures: ""',
    'binaryData:',
    ...lines,
    '',
  ].join('\n');
}
