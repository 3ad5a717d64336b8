import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { createLookup, type Lookup } from '../site/lookup.ts';
import { parseYamlStream, type YamlDocument } from '../site/yaml-stream.ts';

/** The list of resources that a KRM function gets, with offsets into its text. */
export interface ResourceList {
  readonly source: YamlDocument;
  readonly root: YAMLMap;
  readonly resources: readonly Resource[];
  readonly functionConfig: Resource | undefined;
}

/** An item of the list. */
export interface Resource {
  readonly map: YAMLMap;
  readonly ref: ResourceRef;
  readonly file: ResourceFile | undefined;
}

/** As results name a resource; empty fields are left out. */
export interface ResourceRef {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** The file that a resource was read from, as the orchestrator's annotations say. */
export interface ResourceFile {
  readonly path: string;
  /** Which document of it. */
  readonly index?: number;
}

/** What a text holds, or every reason why it is no list that a function takes. */
export type ResourceListReading =
  | { readonly list: ResourceList; readonly mistakes: readonly [] }
  | { readonly list: undefined; readonly mistakes: readonly Diagnostic[] };

/** In UTF-16 units: thousands of sites with their hooks. */
export const largestResourceList = 64 * 1024 * 1024;

/**
 * Reads a ResourceList (config.kubernetes.io/v1, v1beta1, v1alpha1) or another Kubernetes list (KRM Functions
 * Specification, Input Type), YAML or JSON.
 */
export function readResourceList(text: string): ResourceListReading {
  const { documents, mistakes } = parseYamlStream(text, largestResourceList);
  if (mistakes.length > 0) return { list: undefined, mistakes };
  const [source, ...more] = documents.filter(({ document }) => isFilled(document.contents));
  if (source === undefined) return refused('there is nothing on standard input', undefined, listHint);
  if (more.length > 0) {
    const hint = 'a stream of documents goes through: factory-precaching-cli siteconfig -c -';
    const [second] = more;
    return refused(
      `${more.length + 1} documents, where one ResourceList is expected`,
      second?.document.contents,
      hint,
    );
  }
  return readRoot(source);
}

const listHint =
  'a function is started by kustomize or kpt, which writes a ResourceList to its standard input';
const versions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `config.kubernetes.io/${version}`);

function isFilled(contents: unknown): boolean {
  return contents !== null && !(isScalar(contents) && (contents.value === null || contents.value === ''));
}

function readRoot(source: YamlDocument): ResourceListReading {
  const root = source.document.contents;
  if (!isMap(root)) return refused('this is no ResourceList', root, listHint);
  const lookup = createLookup(source.targets);
  const { kind = '', apiVersion = '' } = refOf(lookup, root);
  if (!kind.endsWith('List')) {
    const what = kind === '' ? 'something without a kind' : `a ${kind}`;
    const hint = /^(?:SiteConfig|ClusterInstance)$/.test(kind)
      ? 'documents of a site go through: factory-precaching-cli siteconfig -c -'
      : listHint;
    return refused(`this is no ResourceList, but ${what}`, root, hint);
  }
  if (kind === 'ResourceList' && !versions.includes(apiVersion)) {
    const message = `a ResourceList of ${apiVersion === '' ? 'no version' : apiVersion}, which is not known`;
    return refused(
      message,
      lookup.field(root, 'apiVersion')?.value ?? root,
      `known are ${versions.join(', ')}`,
    );
  }
  const items = lookup.resolve(lookup.field(root, 'items')?.value);
  if (!isSeq(items)) {
    const hint = 'in a kustomization, a function that changes resources stands under transformers:';
    return refused(`this ${kind} has no items`, items ?? root, hint);
  }
  const config = lookup.resolve(lookup.field(root, 'functionConfig')?.value);
  const functionConfig = isMap(config) ? resourceOf(lookup, config) : undefined;
  if (config !== null && functionConfig === undefined && isFilled(config)) {
    return refused('functionConfig is a mapping', config);
  }
  const resources = items.items.filter((item): item is YAMLMap => isMap(item));
  const list = {
    source,
    root,
    resources: resources.map((map) => resourceOf(lookup, map)),
    functionConfig,
  };
  return { list, mistakes: [] };
}

function resourceOf(lookup: Lookup, map: YAMLMap): Resource {
  return { map, ref: refOf(lookup, map), file: fileOf(lookup, map) };
}

function refOf(lookup: Lookup, map: YAMLMap): ResourceRef {
  const metadata = lookup.resolve(lookup.field(map, 'metadata')?.value);
  const named = isMap(metadata) ? metadata : undefined;
  const entries = [
    ['apiVersion', textOf(lookup, map, 'apiVersion')],
    ['kind', textOf(lookup, map, 'kind')],
    ['name', named && textOf(lookup, named, 'name')],
    ['namespace', named && textOf(lookup, named, 'namespace')],
  ];
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

/** The annotations of orchestrators, the present ones first; of kustomize's origin, the path. */
function fileOf(lookup: Lookup, map: YAMLMap): ResourceFile | undefined {
  const metadata = lookup.resolve(lookup.field(map, 'metadata')?.value);
  const annotations = isMap(metadata) ? lookup.resolve(lookup.field(metadata, 'annotations')?.value) : null;
  if (!isMap(annotations)) return undefined;
  const of = (...names: readonly string[]): string | undefined =>
    names.map((name) => textOf(lookup, annotations, name)).find((value) => value !== undefined);
  const origin = of('config.kubernetes.io/origin');
  const path =
    of('internal.config.kubernetes.io/path', 'config.kubernetes.io/path') ??
    /^path: *(\S.*)$/m.exec(origin ?? '')?.[1];
  if (path === undefined || path === '') return undefined;
  const index = of('internal.config.kubernetes.io/index', 'config.kubernetes.io/index');
  return index !== undefined && origin === undefined && /^\d{1,9}$/.test(index)
    ? { path, index: Number(index) }
    : { path };
}

function textOf(lookup: Lookup, map: YAMLMap, name: string): string | undefined {
  const value = lookup.resolve(lookup.field(map, name)?.value);
  return isScalar(value) && typeof value.value === 'string' ? value.value : undefined;
}

function refused(message: string, node: Node | null | undefined, hint?: string): ResourceListReading {
  const [start, end] = node?.range ?? [0, 0];
  const span = node === undefined || node === null ? undefined : { start, end };
  return { list: undefined, mistakes: [{ id: 'resource-list', severity: 'error', message, span, hint }] };
}
