import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { type Descriptor, descriptor } from './descriptor.ts';
import { issueOf, listOf, readJson } from './document.ts';

/** A layer of a cosign signature's manifest: the payload's descriptor; the signature is among its annotations. */
export type SignatureLayer = Descriptor & {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureManifest = v.object({
  layers: listOf(
    v.object({ ...descriptor.entries, annotations: v.optional(v.record(v.string(), v.string())) }),
  ),
});

/** The largest payload of a signature, bytes, as containers/image has it. */
const largestPayload = 4 * 1024 * 1024;

/** The signatures of the form that `dir:` can carry, out of the manifest of an attached signature. */
export function signatureLayers(manifest: Uint8Array, what: string): readonly SignatureLayer[] {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `the signature ${what} ${reason}`);
  };
  const result = v.safeParse(signatureManifest, readJson(manifest, refuse), { abortEarly: true });
  if (!result.success) return refuse(`is not valid: ${issueOf(result.issues)}`);
  const layers = result.output.layers.filter(({ mediaType }) => mediaType === simpleSigning);
  const large = layers.find(({ size }) => size > largestPayload);
  return large === undefined ? layers : refuse(`has a payload of ${large.size} bytes`);
}

/**
 * The file `signature-N` of a `dir:` image, exactly as containers/image writes it, so that a copy is the same byte for
 * byte: compact JSON as Go makes it, names sorted, `<`, `>` and `&` escaped.
 */
export function formatSignatureFile({ mediaType, annotations }: SignatureLayer, payload: Buffer): Buffer {
  const sorted =
    annotations === undefined
      ? null
      : Object.fromEntries(Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify({
    mimeType: mediaType,
    payload: payload.toString('base64'),
    annotations: sorted,
  }).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(`\0sigstore-json\n${json}`);
}
