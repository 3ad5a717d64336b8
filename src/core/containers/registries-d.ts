import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { messageOf, ToolError } from '../errors.ts';
import type { Reference } from '../oci/reference.ts';
import { scopesOf } from './scopes.ts';

/** Where signatures of images lie beside the registries, by scope (containers-registries.d(5)). */
export interface Lookaside {
  readonly scopes: ReadonlyMap<string, Entry>;
  readonly fallback: Entry | undefined;
}

interface Entry {
  /** `https://…` or `file:///…`; undefined where the entry names none. */
  readonly base: string | undefined;
  readonly file: string;
}

const place = v.object({
  lookaside: v.optional(v.string()),
  sigstore: v.optional(v.string()),
  'lookaside-staging': v.optional(v.string()),
  'sigstore-staging': v.optional(v.string()),
  'use-sigstore-attachments': v.optional(v.boolean()),
});
const notAList = v.check((value) => !Array.isArray(value), 'a list is out of place here');
const document = v.nullable(
  v.pipe(
    v.unknown(),
    notAList,
    v.object({
      'default-docker': v.nullish(place),
      docker: v.nullish(v.pipe(v.unknown(), notAList, v.record(v.string(), place))),
    }),
  ),
);

/** Reads the files of a registries.d, in the order of their names. Throws `invalid-document`; a scope is there once. */
export function parseRegistriesD(
  files: readonly { readonly name: string; readonly text: string }[],
): Lookaside {
  const scopes = new Map<string, Entry>();
  let fallback: Entry | undefined;
  for (const { name, text } of files) {
    const refuse = (reason: string): never => {
      throw new ToolError('invalid-document', `${name}: ${reason}`, {
        hint: 'correct it, see containers-registries.d(5)',
      });
    };
    const result = v.safeParse(document, readYaml(text, refuse));
    if (!result.success) {
      const [issue] = result.issues;
      return refuse(`${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
    }
    const entryOf = ({ lookaside, sigstore }: v.InferOutput<typeof place>): Entry => ({
      base: lookaside ?? sigstore,
      file: name,
    });
    const standard = result.output?.['default-docker'];
    if (standard !== null && standard !== undefined) {
      if (fallback !== undefined) refuse(`default-docker is in ${fallback.file}, too`);
      fallback = entryOf(standard);
    }
    for (const [scope, entry] of Object.entries(result.output?.docker ?? {})) {
      const other = scopes.get(scope);
      if (other !== undefined) refuse(`${scope} is in ${other.file}, too`);
      scopes.set(scope, entryOf(entry));
    }
  }
  return { scopes, fallback };
}

function readYaml(text: string, refuse: (reason: string) => never): unknown {
  const parsed = parseDocument(text, { uniqueKeys: true, logLevel: 'silent' });
  const [mistake] = parsed.errors;
  if (mistake !== undefined) return refuse(`it is no YAML: ${mistake.message.split('\n')[0]}`);
  try {
    return parsed.toJS({ maxAliasCount: 10 }) as unknown;
  } catch (error) {
    return refuse(messageOf(error));
  }
}

/** The base of an image's signatures, its repository appended; of the most specific scope alone. */
export function lookasideOf({ scopes, fallback }: Lookaside, reference: Reference): URL | undefined {
  const scope = scopesOf(reference).find((name) => scopes.has(name));
  const { base, file } = (scope === undefined ? fallback : scopes.get(scope)) ?? {};
  if (base === undefined) return undefined;
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || !['http:', 'https:', 'file:'].includes(url.protocol)) {
    throw new ToolError('invalid-document', `${file}: "${base}" is no place of signatures`, {
      hint: 'write a URL with https or file',
    });
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${reference.repository}`;
  return url;
}
