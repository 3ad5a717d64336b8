import * as v from 'valibot';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type JsonNode, memberOf, parseJson, plainValue } from '../json/tree.ts';
import { type RegistryReport, registryReport, registryReportKind } from '../serving/registry-report.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seconds = v.pipe(v.number(), v.minValue(0));

const schema = v.object({
  group: v.picklist(['ai', 'ocp']),
  /** `running`: it still was, or the server went down. */
  state: v.picklist(['complete', 'incomplete', 'running']),
  /** What stopped it as a whole; empty if nothing did. */
  reason: v.string(),
  /** Images of the list. */
  references: count,
  loaded: v.array(v.object({ reference: v.string(), seconds, bytes: v.optional(count) })),
  /** Those that were in the storage before. */
  skipped: v.array(v.string()),
  failed: v.array(v.object({ reference: v.string(), reason: v.string() })),
  /** Of the distinct blobs of the loaded images. */
  bytes: count,
  seconds,
  stage: v.optional(v.picklist(['discovery', 'installation'])),
  deadlineSeconds: v.optional(count),
  /** What the file system of the storage lost meanwhile. */
  storageBytes: v.optional(count),
  /** The most that one image took beside the storage. */
  peakExtraBytes: v.optional(count),
  /** A ready container storage: nothing was loaded, unless it was not usable. */
  format: v.optional(v.literal('storage')),
  /** How long it took to bring a storage back that was lost; null where none was. */
  restoredMilliseconds: v.nullish(count),
  /** The node's own registry serves what is `skipped`: it need not be in the storage. */
  registry: v.optional(v.boolean()),
  /** The ways of having the images that this boot fell back from, and why; in order. */
  steps: v.optional(v.array(v.string())),
  /** Name and version of what staged the partition. */
  tool: v.optional(v.string()),
  host: v.optional(v.string()),
});

/** What the boot script of a stage says of its run (docs/boot-files.md). */
export type BootReport = v.InferOutput<typeof schema>;

/** A report, or why a text is none. Spans are offsets in the text. */
export type BootReportReading =
  | { readonly report: BootReport | RegistryReport; readonly mistakes: readonly [] }
  | { readonly report: undefined; readonly mistakes: readonly Diagnostic[] };

/**
 * Reads a `report-<group>.json` of a boot script, or the report of the node's registry. What it does not know is passed
 * over: what wrote it on the server may be newer.
 */
export function readBootReport(text: string): BootReportReading {
  const { root, mistakes } = parseJson(text);
  if (root === undefined) return { report: undefined, mistakes };
  const value = plainValue(root);
  const ofRegistry = v.is(v.object({ kind: v.literal(registryReportKind) }), value);
  const result = v.safeParse(ofRegistry ? registryReport : schema, value);
  if (result.success) return { report: result.output, mistakes: [] };
  const found = result.issues.map(({ path, message }): Diagnostic => {
    const keys = path?.map(({ key }) => key) ?? [];
    const { start, end } = nodeAt(root, keys);
    const at = keys.length === 0 ? '' : `${keys.join('.')}: `;
    return {
      id: 'boot-report',
      severity: 'error',
      message: `no report: ${at}${message}`,
      span: { start, end },
    };
  });
  return { report: undefined, mistakes: found };
}

/** The node that a path of names and indices leads to; where something is missing, what it is missing in. */
function nodeAt(root: JsonNode, keys: readonly unknown[]): JsonNode {
  let node = root;
  for (const key of keys) {
    const next =
      node.type === 'array'
        ? node.items[Number(key)]
        : node.type === 'object'
          ? memberOf(node, String(key))
          : undefined;
    if (next === undefined) return node;
    node = next;
  }
  return node;
}
