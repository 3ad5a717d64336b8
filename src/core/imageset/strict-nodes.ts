import { type Alias, isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import { nearestNames } from '../catalog/nearest.ts';
import type { Diagnostic, Severity, Span } from '../diagnostics/diagnostic.ts';

/** A value of a document, and what messages call it: `mirror.operators[0].catalog`. */
export interface Place {
  readonly node: Node;
  readonly path: string;
}

/** The fields of a mapping that are there and not null. */
export interface Fields {
  readonly place: Place;
  readonly get: (key: string) => Place | undefined;
}

/** The keys a mapping may have; `foreign` are known to mean something elsewhere, and say what. */
export interface Keys {
  readonly known: readonly string[];
  readonly foreign?: Readonly<Record<string, string>>;
}

/**
 * Reads the nodes of one YAML document as a strict decoder does: a key nobody knows and a value of the wrong kind are
 * mistakes. It collects them all; what it returns for them is undefined.
 */
export class StrictNodes {
  readonly diagnostics: Diagnostic[] = [];
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #subject: string;

  /** `subject` begins the ids of the diagnostics. */
  constructor(targets: ReadonlyMap<Alias, Node>, subject: string) {
    this.#targets = targets;
    this.#subject = subject;
  }

  tell(severity: Severity, id: string, node: Node, message: string, hint?: string): void {
    this.diagnostics.push({ id: `${this.#subject}/${id}`, severity, message, span: spanOf(node), hint });
  }

  mistake(id: string, { node }: Pick<Place, 'node'>, message: string, hint?: string): undefined {
    this.tell('error', id, node, message, hint);
    return undefined;
  }

  fields(place: Place, { known, foreign = {} }: Keys): Fields | undefined {
    const { node, path } = place;
    if (!isMap(node)) return this.#wrongKind(place, 'a mapping');
    const found = new Map<string, Place>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined;
      const keyNode = isNode(key) ? key : node;
      if (name === undefined || !known.includes(name)) {
        this.#unknown(keyNode, path, name ?? '', { known, foreign });
        continue;
      }
      const resolved = this.#resolve(value);
      if (resolved !== undefined) found.set(name, { node: resolved, path: joined(path, name) });
    }
    return { place, get: (key) => found.get(key) };
  }

  /** The items of a list; of no list at all, none. */
  items(place: Place | undefined): readonly Place[] {
    if (place === undefined) return [];
    const { node, path } = place;
    if (!isSeq(node)) {
      this.#wrongKind(place, 'a list');
      return [];
    }
    return node.items.flatMap((item, index) => {
      const resolved = this.#resolve(item);
      const at = `${path}[${index}]`;
      if (resolved !== undefined) return [{ node: resolved, path: at }];
      this.mistake('empty', { node: isNode(item) ? item : node }, `${at} is empty`);
      return [];
    });
  }

  /** A text that is not empty. */
  text(place: Place | undefined): string | undefined {
    if (place === undefined) return undefined;
    const { node, path } = place;
    const value = isScalar(node) ? node.value : undefined;
    if (value === '') return this.mistake('empty', place, `${path} is empty`);
    if (typeof value === 'string') return value;
    const source = isScalar(node) ? node.source : undefined;
    return this.#wrongKind(place, 'a text', source === undefined ? undefined : `write it as '${source}'`);
  }

  /** A text that has to be there. */
  required(fields: Fields, key: string): string | undefined {
    const place = fields.get(key);
    if (place !== undefined) return this.text(place);
    const { node, path } = fields.place;
    return this.mistake('missing', { node }, `${path || 'the document'} has no ${key}`);
  }

  /** False where it is not there. */
  flag(place: Place | undefined): boolean {
    if (place === undefined) return false;
    const value = isScalar(place.node) ? place.node.value : undefined;
    if (typeof value === 'boolean') return value;
    this.#wrongKind(place, 'true or false');
    return false;
  }

  /** Undefined for what is null or not there. */
  #resolve(value: unknown): Node | undefined {
    const node = isAlias(value) ? this.#targets.get(value) : value;
    if (!isNode(node) || (isScalar(node) && node.value === null)) return undefined;
    return node;
  }

  #wrongKind(place: Place, expected: string, hint?: string): undefined {
    return this.mistake(
      'kind',
      place,
      `${place.path || 'the document'} is ${kindOf(place.node)}, not ${expected}`,
      hint,
    );
  }

  #unknown(key: Node, path: string, name: string, { known, foreign = {} }: Keys): void {
    const where = path || 'the document';
    const elsewhere = Object.hasOwn(foreign, name) ? foreign[name] : undefined;
    const [nearest] = nearestNames(name, known);
    const hint = elsewhere ?? (nearest === undefined ? undefined : `did you mean ${nearest}?`);
    this.mistake('unknown-key', { node: key }, `${where} has no field ${JSON.stringify(name)}`, hint);
  }
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  const value = isScalar(node) ? node.value : undefined;
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
}

/** Of a collection the first line only: carets under a whole document say nothing. */
function spanOf(node: Node): Span {
  const [start, end] = node.range ?? [0, 0];
  return { start, end: isScalar(node) ? end : Math.min(end, start + 1) };
}
