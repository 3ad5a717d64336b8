import { isMap, isScalar, type Node, type YAMLMap } from 'yaml';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import { type JsonNode, type JsonObject, parseJson } from '../json/tree.ts';
import { fieldText } from '../site/field-text.ts';
import type { Lookup } from '../site/lookup.ts';
import type { Place, SiteDocument } from '../site/places.ts';
import { type Loader, loadersOf, mountsOf } from './loaders.ts';
import { type LocatedText, textOfField } from './located-text.ts';
import { type FileView, filesOf, type UnitView, unitsOf } from './override-view.ts';

/** A cluster with its nodes, read as far as every field of them can be read. */
export interface ClusterView extends PlaceView {
  readonly kind: 'SiteConfig' | 'ClusterInstance';
  /** `clusterImageSetNameRef`, its own or inherited from the spec. */
  readonly imageSet: { readonly name: string; readonly span: Span } | undefined;
  readonly nodes: readonly PlaceView[];
}

/** A mapping that can have hooks. */
export interface PlaceView {
  readonly stage: Stage;
  readonly name: string;
  /** Where it says its name; the beginning of the mapping where it does not. */
  readonly head: Span;
  readonly map: YAMLMap;
  readonly override: OverrideView | undefined;
  readonly args: FieldView | undefined;
}

/** A field that holds JSON. */
export interface FieldView {
  readonly text: LocatedText;
  readonly root: JsonNode | undefined;
  /** Why there is no root. Spans are offsets in the text. */
  readonly mistakes: readonly Diagnostic[];
}

/** An `ignitionConfigOverride`; without an object in it there are no units and no files. */
export interface OverrideView extends FieldView {
  readonly object: JsonObject | undefined;
  readonly units: readonly UnitView[];
  readonly files: readonly FileView[];
  /** The units that load images, and those that mount the partition. */
  readonly loaders: readonly Loader[];
  readonly mounts: readonly UnitView[];
}

/** The clusters of a document. Fields of a wrong type are added to `mistakes`. */
export function viewSite(text: string, site: SiteDocument, mistakes: Diagnostic[]): ClusterView[] {
  const { lookup, places, root } = site;
  const spec = lookup.resolve(lookup.field(root, 'spec')?.value);
  const kind = scalarField(lookup, root, 'kind')?.value;
  const view = (place: Place): PlaceView => viewPlace(text, lookup, place, mistakes);
  return places
    .filter(({ stage }) => stage === 'discovery')
    .map((cluster) => {
      const imageSet =
        scalarField(lookup, cluster.map, 'clusterImageSetNameRef') ??
        (isMap(spec) ? scalarField(lookup, spec, 'clusterImageSetNameRef') : undefined);
      return {
        ...view(cluster),
        kind: kind === 'ClusterInstance' ? 'ClusterInstance' : 'SiteConfig',
        imageSet: imageSet && { name: imageSet.value, span: spanOf(imageSet.node) },
        nodes: places.filter((place) => place.cluster === cluster).map(view),
      };
    });
}

function viewPlace(document: string, lookup: Lookup, place: Place, mistakes: Diagnostic[]): PlaceView {
  const { stage, map, name } = place;
  const named = scalarField(lookup, map, stage === 'discovery' ? 'clusterName' : 'hostName');
  const field = (fieldName: string): FieldView | undefined => {
    const text = fieldText(document, lookup, fieldName, lookup.field(map, fieldName), mistakes);
    return text && { text: textOfField(text), ...parseJson(text.text) };
  };
  const override = field('ignitionConfigOverride');
  const [start] = map.range ?? [0];
  return {
    stage,
    name,
    map,
    head: named === undefined ? { start, end: start + 1 } : spanOf(named.node),
    override: override && viewOverride(override),
    args: field('installerArgs'),
  };
}

function viewOverride(field: FieldView): OverrideView {
  const object = field.root?.type === 'object' ? field.root : undefined;
  const units = object === undefined ? [] : unitsOf(field.text, object);
  const files = object === undefined ? [] : filesOf(field.text, object);
  return { ...field, object, units, files, loaders: loadersOf(units, files), mounts: mountsOf(units) };
}

function scalarField(
  lookup: Lookup,
  map: YAMLMap,
  name: string,
): { readonly value: string; readonly node: Node } | undefined {
  const node = lookup.resolve(lookup.field(map, name)?.value);
  return isScalar(node) && typeof node.value === 'string' ? { value: node.value, node } : undefined;
}

/** Where a YAML node is written. */
export function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}
