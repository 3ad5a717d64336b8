import * as v from 'valibot';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { messageOf } from '../errors.ts';
import { type JsonNode, memberOf, parseJson, plainValue } from '../json/tree.ts';
import { type Digest, isDigest } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';

const text = v.pipe(v.string(), v.minLength(1));

const lockDocument = v.strictObject({
  schemaVersion: v.literal(1),
  platform: text,
  filter: v.optional(text),
  /** What was asked for and left open, and what it came to: `stable-4.14` is `4.14.7`. */
  resolved: v.record(v.string(), text),
  /** Every tag that a run asked for, release images, catalogs and related images among them. */
  references: v.record(
    v.string(),
    v.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'no sha256 or sha512 digest'),
  ),
});

/** `imageset.lock`: the digests behind the tags of a run, with which it can be repeated. */
export type ImageSetLock = v.InferOutput<typeof lockDocument>;

/** The lock as text: names sorted, so that two of them can be compared line by line. */
export function formatLock({ resolved, references, platform, filter }: ImageSetLock): string {
  const document: ImageSetLock = {
    schemaVersion: 1,
    platform,
    ...(filter === undefined ? {} : { filter }),
    resolved: sorted(resolved),
    references: sorted(references),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Reads a lock. Throws a DocumentError with every mistake in it. */
export function parseLock(source: Source): ImageSetLock {
  const { root, mistakes } = parseJson(source.text);
  if (root === undefined) throw new DocumentError(source, mistakes);
  const result = v.safeParse(lockDocument, plainValue(root));
  const found: Diagnostic[] = (result.issues ?? []).map((issue) => {
    const path = (issue.path ?? []).map(({ key }) => String(key));
    return mistake(root, path, `${path.join('.') || 'the document'}: ${issue.message}`);
  });
  if (result.success) found.push(...referenceMistakes(root, result.output));
  if (found.length > 0 || !result.success) throw new DocumentError(source, found);
  return result.output;
}

function referenceMistakes(root: JsonNode, { references }: ImageSetLock): Diagnostic[] {
  return Object.keys(references).flatMap((name) => {
    const at = (message: string): Diagnostic => mistake(root, ['references', name], message);
    try {
      const { digest } = parseReference(name, 'invalid-document');
      return digest === undefined ? [] : [at(`"${name}" is pinned by itself`)];
    } catch (error) {
      return [at(messageOf(error))];
    }
  });
}

function mistake(root: JsonNode, path: readonly string[], message: string): Diagnostic {
  let place = root;
  for (const name of path) place = (place.type === 'object' && memberOf(place, name)) || place;
  return {
    id: 'imageset-lock',
    severity: 'error',
    message,
    span: { start: place.start, end: place.end },
    hint: 'a lock is written by download or by plan --lock: do not change it by hand',
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
