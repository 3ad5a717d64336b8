import type { Span } from '../diagnostics/diagnostic.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import type { FieldText } from '../site/field-text.ts';

/** A cluster with its nodes, as far as rules read it; its fields are texts yet. */
export interface ClusterFields extends PlaceFields {
  readonly kind: 'SiteConfig' | 'ClusterInstance';
  /** `clusterImageSetNameRef`, its own or inherited from the spec. */
  readonly imageSet: { readonly name: string; readonly span: Span } | undefined;
  readonly nodes: readonly PlaceFields[];
}

/** A mapping that can have hooks. */
export interface PlaceFields {
  readonly stage: Stage;
  readonly name: string;
  /** Where it says its name; the beginning of the mapping where it does not. */
  readonly head: Span;
  /** The names of its fields, inherited ones not among them. */
  readonly keys: readonly { readonly name: string; readonly span: Span }[];
  readonly override: FieldText | undefined;
  readonly args: FieldText | undefined;
}
