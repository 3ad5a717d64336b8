import * as v from 'valibot';
import { type Document, parseDocument } from 'yaml';
import { ToolError } from '../errors.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { payloadArchitecture } from './payload.ts';

/** Where the manifest lies inside the release image (openshift/installer, manifests of the coreos-bootimages). */
export const bootImagesPath = 'release-manifests/0000_50_installer_coreos-bootimages.yaml';

/** What of RHCOS can be staged: parts of the network boot, and the live ISO. */
export const bootImageKinds = ['rootfs', 'iso', 'kernel', 'initramfs'] as const;
export type BootImageKind = (typeof bootImageKinds)[number];

/** A file of RHCOS as the release names it. */
export interface BootImage {
  readonly kind: BootImageKind;
  readonly url: URL;
  readonly digest: Digest;
}

/** Where each kind lies in the formats of `metal` (coreos/stream-metadata-go). */
const places: Readonly<Record<BootImageKind, readonly [format: string, part: string]>> = {
  rootfs: ['pxe', 'rootfs'],
  iso: ['iso', 'disk'],
  kernel: ['pxe', 'kernel'],
  initramfs: ['pxe', 'initramfs'],
};

const configMap = v.object({
  kind: v.literal('ConfigMap'),
  metadata: v.object({ name: v.literal('coreos-bootimages') }),
  data: v.object({ stream: v.string() }),
});

const part = v.object({ location: v.string(), sha256: v.string() });
const metal = v.object({ formats: v.record(v.string(), v.record(v.string(), v.unknown())) });
const stream = v.object({
  architectures: v.record(v.string(), v.object({ artifacts: v.record(v.string(), v.unknown()) })),
});

/**
 * The files of RHCOS that the boot image manifest of a release names for an architecture (`amd64`), as far as it names
 * them. Throws `invalid-document` for another document and for a file without its hash.
 */
export function parseBootImages(
  bytes: Uint8Array,
  release: string,
  architecture: string,
): readonly BootImage[] {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${bootImagesPath} of ${release}: ${reason}`, {
      hint: 'name the file yourself: --rootfs-url URL --rootfs-sha256 HEX',
    });
  };
  const checked = <S extends v.GenericSchema>(schema: S, value: unknown, at: string): v.InferOutput<S> => {
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    const [issue] = result.issues;
    return refuse(`${[at, v.getDotPath(issue)].filter(Boolean).join('.') || 'document'}: ${issue.message}`);
  };
  const yaml = parseDocument(Buffer.from(bytes).toString('utf8'), { stringKeys: true });
  if (yaml.errors[0] !== undefined) return refuse(`it is no YAML: ${yaml.errors[0].code}`);
  const value = withoutAliases(yaml) ?? refuse('it has aliases, which no such manifest has');
  const { data } = checked(configMap, value, '');
  const { architectures } = checked(stream, parseJson(data.stream) ?? refuse('data.stream: no JSON'), '');
  const name = payloadArchitecture(architecture);
  const artifacts = architectures[name]?.artifacts['metal'];
  if (artifacts === undefined) return [];
  const place = `architectures.${name}.artifacts.metal`;
  const { formats } = checked(metal, artifacts, place);
  return bootImageKinds.flatMap((kind) => {
    const [format, key] = places[kind];
    const found = formats[format]?.[key];
    if (found === undefined) return [];
    const at = `${place}.formats.${format}.${key}`;
    const { location, sha256 } = checked(part, found, at);
    const digest = `sha256:${sha256}`;
    if (!isDigest(digest)) return refuse(`${at}.sha256: it is no SHA-256`);
    if (!URL.canParse(location)) return refuse(`${at}.location: it is no URL`);
    return [{ kind, url: new URL(location), digest }];
  });
}

/** The value of a document; undefined where an alias would have to be followed. */
function withoutAliases(yaml: Document): unknown {
  try {
    return yaml.toJS({ maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
