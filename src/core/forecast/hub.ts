import { isMap, type Node, visit, type YAMLMap } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';

/** An operator that a policy subscribes to (OLM, `Subscription`). */
export interface Subscription {
  readonly package: string;
  readonly channel: string | undefined;
}

/** What manifests of the hub say about images that its sites will ask for. */
export interface HubFacts {
  /** Release images by the name of their ClusterImageSet. */
  readonly imageSets: ReadonlyMap<string, Reference>;
  readonly subscriptions: readonly Subscription[];
  /** Index images of CatalogSources. */
  readonly catalogs: readonly Reference[];
  /** Every other value of a field `image`. */
  readonly images: readonly Reference[];
}

/**
 * Reads ClusterImageSets, CatalogSources, Subscriptions and images out of manifests, however deep: policies carry other
 * manifests inside. Templates that are no image yet are passed over. Throws a DocumentError for what is no YAML.
 */
export function readHub(sources: readonly Source[]): HubFacts {
  const facts = {
    imageSets: new Map<string, Reference>(),
    subscriptions: [] as Subscription[],
    catalogs: [] as Reference[],
    images: [] as Reference[],
  };
  for (const source of sources) {
    const { documents, mistakes } = parseYamlStream(source.text);
    if (mistakes.length > 0) throw new DocumentError(source, mistakes);
    for (const { document } of documents) {
      visit(document, { Map: (_key, map) => collect(map, facts, source) });
    }
  }
  return facts;
}

interface Collected {
  readonly imageSets: Map<string, Reference>;
  readonly subscriptions: Subscription[];
  readonly catalogs: Reference[];
  readonly images: Reference[];
}

function collect(map: YAMLMap, facts: Collected, source: Source): void {
  const kind = map.get('kind');
  const spec = map.get('spec');
  if (kind === 'ClusterImageSet' && isMap(spec)) {
    const name = map.getIn(['metadata', 'name']);
    const image = spec.get('releaseImage');
    if (typeof name !== 'string' || typeof image !== 'string') {
      throw new DocumentError(source, [
        mistake(map, 'a ClusterImageSet has metadata.name and spec.releaseImage'),
      ]);
    }
    facts.imageSets.set(name, parseReference(image, 'invalid-document'));
    return;
  }
  if (kind === 'Subscription' && isMap(spec) && typeof spec.get('name') === 'string') {
    const channel = spec.get('channel');
    facts.subscriptions.push({
      package: String(spec.get('name')),
      channel: typeof channel === 'string' ? channel : undefined,
    });
  }
  const image = imageOf(map);
  if (image === undefined) return;
  // A policy's overlay of a CatalogSource may leave its kind to the file it is laid over.
  const isCatalog = map.get('sourceType') === 'grpc';
  (isCatalog ? facts.catalogs : facts.images).push(image);
}

function imageOf(map: YAMLMap): Reference | undefined {
  const value = map.get('image');
  if (typeof value !== 'string') return undefined;
  try {
    return parseReference(value);
  } catch {
    return undefined;
  }
}

function mistake(node: Node, message: string): Diagnostic {
  const [start, end] = node.range ?? [0, 0];
  return { id: 'hub-manifest', severity: 'error', message, span: { start, end: Math.min(end, start + 1) } };
}
