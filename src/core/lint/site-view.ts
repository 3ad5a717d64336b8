import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import { type JsonNode, type JsonObject, parseJson } from '../json/tree.ts';
import type { FieldText } from '../site/field-text.ts';
import { type Loader, loadersOf, mountsOf } from './loaders.ts';
import { type LocatedText, textOfField, wholeText } from './located-text.ts';
import { type FileView, filesOf, type UnitView, unitsOf } from './override-view.ts';
import type { Finding } from './rule.ts';
import type { ClusterFields, PlaceFields } from './site-fields.ts';

/** A cluster with its nodes, read as far as every field of them can be read. */
export interface ClusterView extends PlaceView, Pick<ClusterFields, 'kind' | 'imageSet'> {
  readonly nodes: readonly PlaceView[];
}

/** A mapping that can have hooks. */
export interface PlaceView extends Omit<PlaceFields, 'override' | 'args'> {
  readonly override: PlacedOverride | undefined;
  readonly args: FieldView | undefined;
}

/** A field that holds JSON. */
export interface FieldView {
  readonly text: LocatedText;
  readonly root: JsonNode | undefined;
  /** Why there is no root. Spans are offsets in the text. */
  readonly mistakes: readonly Diagnostic[];
}

/** An `ignitionConfigOverride`, where it is written. */
export interface PlacedOverride extends FieldView {
  readonly view: OverrideView;
  readonly findings: JudgedOverride['findings'];
}

/** What is to be said of an override by itself, wherever it is written. */
export interface JudgedOverride {
  readonly view: OverrideView;
  /** What is wrong with it in a stage. Spans and splices are offsets in its text. */
  readonly findings: (stage: Stage) => readonly Finding[];
}

/**
 * An override by itself: all places are in its own text. Without an object in it there are no units and no files.
 */
export interface OverrideView extends FieldView {
  readonly object: JsonObject | undefined;
  readonly units: readonly UnitView[];
  readonly files: readonly FileView[];
  /** The units that load images, and those that mount the partition. */
  readonly loaders: readonly Loader[];
  readonly mounts: readonly UnitView[];
}

/** Reads the JSON of a cluster and its nodes. */
export function viewCluster(
  cluster: ClusterFields,
  judge: (override: string) => JudgedOverride,
): ClusterView {
  const { kind, imageSet, nodes } = cluster;
  const place = (fields: PlaceFields): PlaceView => viewPlace(fields, judge);
  return { ...place(cluster), kind, imageSet, nodes: nodes.map(place) };
}

function viewPlace(
  { stage, name, head, keys, override, args }: PlaceFields,
  judge: (override: string) => JudgedOverride,
): PlaceView {
  return {
    stage,
    name,
    head,
    keys,
    override: override && placed(override, judge(override.text)),
    args: args && { text: textOfField(args), ...parseJson(args.text) },
  };
}

function placed(field: FieldText, { view, findings }: JudgedOverride): PlacedOverride {
  return { text: textOfField(field), root: view.root, mistakes: view.mistakes, view, findings };
}

/** Reads the text of an override. */
export function viewOverride(override: string): OverrideView {
  const field = { text: wholeText(override), ...parseJson(override) };
  const object = field.root?.type === 'object' ? field.root : undefined;
  const units = object === undefined ? [] : unitsOf(field.text, object);
  const files = object === undefined ? [] : filesOf(field.text, object);
  return { ...field, object, units, files, loaders: loadersOf(units, files), mounts: mountsOf(units) };
}
