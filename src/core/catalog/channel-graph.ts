import type { Channel, ChannelEntry } from './model.ts';

/** The upgrade graph of a channel: from its head down. */
export interface ChannelGraph {
  /** The entry that no other replaces or skips. */
  readonly head: ChannelEntry;
  readonly entries: ReadonlyMap<string, ChannelEntry>;
}

/** A graph, or everything that is wrong with it. */
export type GraphReading =
  | { readonly graph: ChannelGraph; readonly mistakes: readonly [] }
  | { readonly graph: undefined; readonly mistakes: readonly string[] };

/** Heads that are shown where there are several. */
const mostShown = 5;

/**
 * Checks the upgrade graph of a channel as OLM does (operator-registry, channel validation): names are unique, there
 * is one head, and `replaces` and `skips` lead in no circle. Linear in the number of entries and edges.
 */
export function graphOf(channel: Channel): GraphReading {
  const entries = new Map<string, ChannelEntry>();
  const mistakes: string[] = [];
  for (const entry of channel.entries) {
    if (entries.has(entry.name)) mistakes.push(`it has ${entry.name} twice`);
    else entries.set(entry.name, entry);
    if (below(entry).includes(entry.name)) mistakes.push(`${entry.name} replaces or skips itself`);
  }
  const incoming = incomingOf(entries.values());
  const heads = [...entries.values()].filter(({ name }) => !incoming.has(name));
  const [head] = heads;
  if (entries.size === 0) mistakes.push('it has no entries');
  else if (head === undefined) mistakes.push('it has no head: replaces and skips lead in a circle');
  else if (heads.length > 1) mistakes.push(`it has ${heads.length} heads: ${someOf(heads)}`);
  if (head === undefined || mistakes.length > 0) return { graph: undefined, mistakes };
  const circle = circleIn(head, entries, incoming);
  if (circle === undefined) return { graph: { head, entries }, mistakes: [] };
  return { graph: undefined, mistakes: [`replaces and skips lead in a circle at ${circle}`] };
}

/** The entries from one down along `replaces`, the first included. */
export function* chainFrom(
  first: string,
  entries: ReadonlyMap<string, ChannelEntry>,
): Generator<ChannelEntry> {
  const seen = new Set<string>();
  for (let entry = entries.get(first); entry !== undefined && !seen.has(entry.name); ) {
    seen.add(entry.name);
    yield entry;
    entry = entry.replaces === undefined ? undefined : entries.get(entry.replaces);
  }
}

/** What an entry can be installed over, each once. */
function below({ replaces, skips }: ChannelEntry): readonly string[] {
  if (skips.length === 0) return replaces === undefined ? [] : [replaces];
  return [...new Set(replaces === undefined ? skips : [replaces, ...skips])];
}

/** How many entries lead to each name that any leads to. */
function incomingOf(entries: Iterable<ChannelEntry>): Map<string, number> {
  const incoming = new Map<string, number>();
  for (const entry of entries) {
    for (const name of below(entry)) incoming.set(name, (incoming.get(name) ?? 0) + 1);
  }
  return incoming;
}

/** A name on or below a circle: one that is not reached when every entry waits for all that lead to it. */
function circleIn(
  head: ChannelEntry,
  entries: ReadonlyMap<string, ChannelEntry>,
  incoming: Map<string, number>,
): string | undefined {
  const ready = [head];
  for (let entry = ready.pop(); entry !== undefined; entry = ready.pop()) {
    for (const name of below(entry)) {
      const left = (incoming.get(name) ?? 0) - 1;
      incoming.set(name, left);
      const next = entries.get(name);
      if (left === 0 && next !== undefined) ready.push(next);
    }
  }
  for (const [name, left] of incoming) if (left > 0) return name;
  return undefined;
}

function someOf(entries: readonly ChannelEntry[]): string {
  const names = entries.map(({ name }) => name).toSorted();
  return names.length <= mostShown ? names.join(', ') : `${names.slice(0, mostShown).join(', ')} and others`;
}
