import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { ToolError } from '../errors.ts';

/** The fields that a tree is made of. */
export type FieldName = 'ignitionConfigOverride' | 'installerArgs';

/** The name of the manifest in the root of a tree. */
export const manifestName = 'unpacked.json';
/** The override with references to its contents, in the folder of a cluster or node. */
export const configName = 'config.json';
/** One argument a line, in the folder of a node. */
export const argumentsName = 'installer-args';
/** The folders of contents. */
export const contentFolders: readonly string[] = ['units', 'files', 'append'];

const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'no digest'));

const manifest = v.object({
  kind: v.literal('factory-precaching-unpacked'),
  schemaVersion: v.literal(1),
  /** Name and version of the program that made it. */
  tool: v.string(),
  /** The document, below the tree's folder (`../site.yaml`); null for standard input. */
  source: v.nullable(v.string()),
  /** What was unpacked: of the field and of its files, as they were when both said the same. */
  fields: v.array(
    v.object({
      folder: v.string(),
      field: v.picklist(['ignitionConfigOverride', 'installerArgs'] satisfies FieldName[]),
      document: digest,
      tree: digest,
      /** The folder that the files of a shared field are in. */
      same: v.optional(v.string()),
    }),
  ),
});

/** What `pack` has to know of a tree beside its files. */
export type TreeManifest = v.InferOutput<typeof manifest>;
export type ManifestField = TreeManifest['fields'][number];

/** Reads a manifest. Throws `invalid-document` naming the file. */
export function parseTreeManifest(text: string, name: string): TreeManifest {
  const refused = (reason: string): ToolError =>
    new ToolError('invalid-document', `${name} cannot be read: ${reason}`, {
      hint: 'it is written by unpack and not to be edited: unpack again',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused('it is not JSON');
  }
  const result = v.safeParse(manifest, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refused(`${v.getDotPath(issue) ?? 'document'}: ${issue.message}`);
}

/** A manifest as its file. */
export function formatTreeManifest(value: TreeManifest): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Stands for the text of a field. */
export function digestOfText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** Stands for files, in any order: their paths and bytes. */
export function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files].map(([path, bytes]) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    return `${digest} ${JSON.stringify(path)}\n`;
  });
  return digestOfText(lines.toSorted().join(''));
}
