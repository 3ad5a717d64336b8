import * as v from 'valibot';
import { ToolError } from '../errors.ts';
import { attachmentKinds } from '../oci/attachment.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { formats } from './formats.ts';

const digest = v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'no digest');
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const artifact = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]*$/, 'no artifact name'));

/** `ai`: needed in the discovery stage; `ocp`: needed in the installation stage. */
export const groups = ['ai', 'ocp'] as const;
export type Group = (typeof groups)[number];

/** Something attached to an image. Its contents are in the pool. */
const attachment = v.object({
  kind: v.picklist(attachmentKinds),
  /** The manifest or index it is about. */
  subject: digest,
  /** Of its own manifest, and what that calls itself. */
  digest,
  mediaType: v.string(),
  artifactType: v.optional(v.string()),
  /** Bytes of manifest, config and layers. */
  size,
});

/** An artifact is no container image: nothing loads it into a container storage. */
const kinds = ['image', 'artifact'] as const;

const stagedImage = v.object({
  /** The name a pod or a unit asks for. */
  reference: v.string(),
  /** Its folder below `images`, or with `archive` the name of its `.tgz`. */
  artifact,
  /** Of the manifest or index that the reference names, and its media type. */
  digest,
  mediaType: v.string(),
  /** With an index: the manifest of the staged platform. */
  instance: v.optional(digest),
  /**
   * The indexes between the two, where skopeo would not find the platform's manifest by way of the index. Then the
   * folder's `manifest.json` is `instance`; else it is `digest`.
   */
  nested: v.optional(v.array(digest)),
  kind: v.optional(v.picklist(kinds), 'image'),
  /** Why it is in no list of images to load. */
  unloadable: v.optional(v.string()),
  /** Bytes of config and layers, as compressed by their publisher. */
  size,
  groups: v.array(v.picklist(groups)),
  /** Load order, lower first. */
  priority: v.number(),
  /** Its name in the release payload. */
  component: v.optional(v.string()),
  /** The version of the release that it is, or is a component of. */
  release: v.optional(v.string()),
  /** The bundles of operators that list it. */
  wantedBy: v.optional(v.array(v.string())),
  /** What is attached to it, as far as a run asked for it. */
  signatures: v.optional(v.array(attachment), []),
  /** The file `<artifact>.tgz`, which then has the blobs: bytes and digest of the file itself. */
  archive: v.optional(v.object({ size, digest })),
  /** In the container storage, under the name of its reference: its identifier there, and whether the pool has it, too. */
  stored: v.optional(v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), pooled: v.boolean() })),
});

/** A file of RHCOS in `artifacts`. */
const stagedFile = v.object({
  name: artifact,
  digest,
  size,
  /** Where it came from: a URL without its query. */
  source: v.pipe(
    v.string(),
    v.check((text) => URL.canParse(text), 'no URL'),
  ),
});

/** The signature that verified a release image. */
const releaseSignature = v.object({
  /** Below `signatures`; its bytes are in the pool, too. */
  file: v.pipe(v.string(), v.regex(/^sha256=[0-9a-f]{64}\/signature-[0-9]+$/, 'no name of a signature')),
  digest,
  size,
  /** The name that was signed. */
  identity: v.string(),
  /** The fingerprint of the OpenPGP key, and when it signed, RFC 3339. */
  signedBy: v.string(),
  created: v.string(),
  /** Where it was found. */
  store: v.string(),
});

const release = v.object({
  version: v.string(),
  reference: v.string(),
  digest,
  /** Absent where it was not asked for, as with a release of another repository than the official one. */
  signature: v.optional(v.union([releaseSignature, v.literal('skipped')])),
});

const passport = v.object({
  schemaVersion: v.literal(1),
  tool: v.object({ name: v.string(), version: v.string() }),
  /** When this state of the folder was reached, RFC 3339. */
  created: v.string(),
  /** What the last run made; an image kept from before may be of the other format. */
  format: v.optional(v.picklist(formats), 'pool'),
  /** The container storage, where there is one; `golden`: whether a copy of it survives its loss on the node. */
  storage: v.optional(v.object({ driver: v.literal('overlay'), golden: v.boolean() })),
  /** What was asked for. */
  sources: v.object({
    platform: v.string(),
    images: v.array(v.string()),
    aiImages: v.array(v.string()),
    filter: v.optional(v.string()),
    /** `imageset.yaml`, whole: what else was asked for. */
    imageSet: v.optional(v.string()),
    /** Components and references that the filter took although the installation needs them: the site pulls them. */
    allowedMissing: v.optional(v.array(v.string())),
  }),
  releases: v.array(release),
  images: v.array(stagedImage),
  /** What was asked for and could not be staged. */
  missing: v.array(v.object({ reference: v.string(), reason: v.string() })),
  /** Every content of the pool that is ours, manifests included. */
  blobs: v.array(v.object({ digest, size })),
  /** Ours from earlier runs, needed by no image; some of it may be removed already. */
  stale: v.object({
    artifacts: v.array(artifact),
    archives: v.optional(v.array(artifact), []),
    /** References in the container storage. */
    stored: v.optional(v.array(v.string()), []),
    /** Names in the folder `artifacts`. */
    files: v.optional(v.array(artifact), []),
    blobs: v.array(v.object({ digest, size })),
    /** The executable, in `bin`. */
    executable: v.optional(v.literal(true)),
  }),
  /** What is in the folder `artifacts`: files of RHCOS. Not the artifacts that images are. */
  artifacts: v.array(stagedFile),
  /** What serves the pool on the node, in `bin`. */
  executable: v.optional(v.object({ digest, size })),
  signatures: v.array(v.string()),
  /** Where the folder lies; null when it is no partition of its own. */
  disk: v.nullable(
    v.object({
      partuuid: v.string(),
      label: v.string(),
      serial: v.optional(v.string()),
      model: v.optional(v.string()),
    }),
  ),
});

/** `precache.json`: what a staging folder holds. Written last; what it names is complete and durable. */
export type Passport = v.InferOutput<typeof passport>;

/** Reads a passport. Throws `invalid-document` naming the file. */
export function parsePassport(text: string, path: string): Passport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(path, 'it is not JSON');
  }
  const result = v.safeParse(passport, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw unreadable(path, `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}

function unreadable(path: string, reason: string): ToolError {
  return new ToolError('invalid-document', `the passport ${path} cannot be read: ${reason}`, {
    hint: 'it was changed by hand or written by a newer version; move it away to stage anew (blobs are kept)',
  });
}

/** Whether the pool has the blobs of an image. */
export function isPooled({
  archive,
  stored,
}: Pick<Passport['images'][number], 'archive' | 'stored'>): boolean {
  return archive === undefined && stored?.pooled !== false;
}

/** The versions of its releases. */
export function releasesOf({ releases }: Pick<Passport, 'releases'>): string[] {
  return releases.map(({ version }) => version);
}

/** Versions of releases for people: `4.14.7, 4.14.8`, or `none`. */
export function describeReleases(versions: readonly string[]): string {
  return versions.length === 0 ? 'none' : versions.join(', ');
}

export function formatPassport(value: Passport): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Whether two passports say the same but for the time. */
export function sameState(a: Passport, b: Passport): boolean {
  return formatPassport({ ...a, created: '' }) === formatPassport({ ...b, created: '' });
}
