import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { JsonNode } from '../json/tree.ts';

/** Collects the mistakes of a policy. */
export interface Found {
  readonly all: readonly Diagnostic[];
  readonly add: (at: Span, message: string, hint?: string) => void;
}

export function problems(): Found {
  const all: Diagnostic[] = [];
  return {
    all,
    add: ({ start, end }, message, hint) => {
      all.push({ id: 'policy', severity: 'error', message, span: { start, end }, hint });
    },
  };
}

/** The members of an object by name; those that are not `allowed` are mistakes. All may be there where undefined. */
export function membersOf(
  node: JsonNode,
  allowed: readonly string[] | undefined,
  found: Found,
): ReadonlyMap<string, JsonNode> {
  if (node.type !== 'object') {
    found.add(node, 'an object belongs here');
    return new Map();
  }
  for (const member of node.items) {
    if (allowed === undefined || allowed.includes(member.name)) continue;
    found.add(member, `"${member.name}" is unknown here`, `known: ${allowed.join(', ')}`);
  }
  return new Map(node.items.map(({ name, value }) => [name, value]));
}

export function textOf(node: JsonNode | undefined): string | undefined {
  return node?.type === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** The texts of a list; what is no list, or empty, is a mistake. */
export function textsOf(node: JsonNode, found: Found): readonly (string | undefined)[] {
  if (node.type === 'array' && node.items.length > 0) return node.items.map(textOf);
  found.add(node, 'a list with at least one text belongs here');
  return [];
}
