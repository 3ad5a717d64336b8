import { messageOf, ToolError } from '../errors.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { compileBlocked } from './blocked-images.ts';
import type { SelectionRules } from './image-set.ts';
import type { Fields, Keys, Place, StrictNodes } from './strict-nodes.ts';

const ofMirrors = 'it renames what is put into a mirror registry; a staging folder keeps the names';

const imageKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: {
    known: ['name'],
    foreign: { targetRepo: 'it belongs to v2alpha1', targetTag: 'it belongs to v2alpha1' },
  },
  v2alpha1: { known: ['name', 'targetRepo', 'targetTag', 'platforms'] },
};

/** `mirror.additionalImages` */
export function readImages(
  place: Place | undefined,
  rules: SelectionRules,
  nodes: StrictNodes,
): readonly Reference[] {
  return nodes.items(place).flatMap((item) => {
    const fields = nodes.fields(item, imageKeys[rules]);
    if (fields === undefined) return [];
    passOverTargets(fields, ['targetRepo', 'targetTag'], nodes);
    passOverPlatforms(fields, nodes);
    nodes.required(fields, 'name');
    return referenceAt(fields.get('name'), nodes) ?? [];
  });
}

/** `mirror.blockedImages`, each checked to be an expression. */
export function readBlocked(place: Place | undefined, nodes: StrictNodes): readonly string[] {
  return nodes.items(place).flatMap((item) => {
    const fields = nodes.fields(item, { known: ['name'] });
    const pattern = fields && nodes.required(fields, 'name');
    if (fields === undefined || pattern === undefined) return [];
    try {
      compileBlocked([pattern]);
      return [pattern];
    } catch (error) {
      nodes.mistake('expression', fields.get('name') ?? item, messageOf(error));
      return [];
    }
  });
}

/** The image that a text names; a text that is none is a mistake. Says nothing about a field that is no text. */
export function referenceAt(place: Place | undefined, nodes: StrictNodes): Reference | undefined {
  const value = place !== undefined && 'value' in place.node ? place.node.value : undefined;
  if (place === undefined || typeof value !== 'string' || value === '') return undefined;
  if (/^(?:oci|file|dir):/.test(value)) {
    return nodes.mistake(
      'reference',
      place,
      `${place.path} is no image of a registry: ${value}`,
      'push it to a registry first: its blobs are fetched from there',
    );
  }
  try {
    return parseReference(value.replace(/^docker:\/\//, ''), 'invalid-document');
  } catch (error) {
    const hint = error instanceof ToolError ? error.hint : undefined;
    return nodes.mistake('reference', place, messageOf(error), hint);
  }
}

/** Names in a mirror registry mean nothing on a partition. */
export function passOverTargets(fields: Fields, keys: readonly string[], nodes: StrictNodes): void {
  for (const key of keys) {
    const place = fields.get(key);
    if (place !== undefined) nodes.tell('info', 'passed-over', place.node, `${place.path}: ${ofMirrors}`);
  }
}

/** Which platform is staged is said for the whole folder. */
export function passOverPlatforms(fields: Fields, nodes: StrictNodes): void {
  const place = fields.get('platforms');
  if (place === undefined) return;
  nodes.tell(
    'info',
    'passed-over',
    place.node,
    `${place.path}: the one platform of a folder is that of --platform`,
  );
}
