import { isMap, isNode, isScalar, type Node, type YAMLMap } from 'yaml';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { fieldText } from '../site/field-text.ts';
import { keyOf, type Lookup } from '../site/lookup.ts';
import type { Place, SiteDocument } from '../site/places.ts';
import type { ClusterFields, PlaceFields } from './site-fields.ts';

/** The clusters of a parsed document. Fields of a wrong type are added to `mistakes`. */
export function clustersOf(text: string, site: SiteDocument, mistakes: Diagnostic[]): ClusterFields[] {
  const { lookup, places, source } = site;
  const root = source.document.contents;
  const spec = isMap(root) ? lookup.resolve(lookup.field(root, 'spec')?.value) : null;
  const kind = isMap(root) ? scalarField(lookup, root, 'kind')?.value : undefined;
  const fields = (place: Place): PlaceFields => fieldsOf(text, lookup, place, mistakes);
  return places
    .filter(({ stage }) => stage === 'discovery')
    .map((cluster) => {
      const imageSet =
        scalarField(lookup, cluster.map, 'clusterImageSetNameRef') ??
        (isMap(spec) ? scalarField(lookup, spec, 'clusterImageSetNameRef') : undefined);
      return {
        ...fields(cluster),
        kind: kind === 'ClusterInstance' ? 'ClusterInstance' : 'SiteConfig',
        imageSet: imageSet && { name: imageSet.value, span: spanOf(imageSet.node) },
        nodes: places.filter((place) => place.cluster === cluster).map(fields),
      };
    });
}

function fieldsOf(text: string, lookup: Lookup, place: Place, mistakes: Diagnostic[]): PlaceFields {
  const { stage, map, name } = place;
  const named = scalarField(lookup, map, stage === 'discovery' ? 'clusterName' : 'hostName');
  const field = (fieldName: string) =>
    fieldText(text, lookup, fieldName, lookup.field(map, fieldName), mistakes);
  const [start] = map.range ?? [0];
  return {
    stage,
    name,
    head: named === undefined ? { start, end: start + 1 } : spanOf(named.node),
    keys: map.items.flatMap((pair) => {
      const key = keyOf(pair);
      return key === undefined || !isNode(pair.key) ? [] : [{ name: key, span: spanOf(pair.key) }];
    }),
    override: field('ignitionConfigOverride'),
    args: field('installerArgs'),
  };
}

function scalarField(
  lookup: Lookup,
  map: YAMLMap,
  name: string,
): { readonly value: string; readonly node: Node } | undefined {
  const node = lookup.resolve(lookup.field(map, name)?.value);
  return isScalar(node) && typeof node.value === 'string' ? { value: node.value, node } : undefined;
}

function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}
