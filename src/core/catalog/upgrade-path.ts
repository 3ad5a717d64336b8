import { type ChannelGraph, chainFrom } from './channel-graph.ts';

/**
 * A bundle of a channel and everything that leads from it to the head: all that replace, directly or not, the point
 * where its own chain meets the head's. Only the bundle itself when they do not meet. `skips` play no part in it.
 */
export function upgradePath(start: string, { head, entries }: ChannelGraph): ReadonlySet<string> {
  if (start === head.name) return new Set([start]);
  const own = [...chainFrom(start, entries)].map(({ name }) => name);
  const ownNames = new Set(own);
  const meeting = [...chainFrom(head.name, entries)].find(({ name }) => ownNames.has(name))?.name;
  if (meeting === undefined) return new Set([start]);
  const path = new Set([start, head.name, ...replacersOf(meeting, entries)]);
  // What lies between the bundle and the meeting point is older than the bundle.
  for (const name of own.slice(1, own.indexOf(meeting))) path.delete(name);
  return path;
}

/** Every entry that replaces one, directly or by way of others. */
function replacersOf(name: string, entries: ChannelGraph['entries']): Set<string> {
  const replacers = new Map<string, string[]>();
  for (const entry of entries.values()) {
    if (entry.replaces === undefined) continue;
    const list = replacers.get(entry.replaces);
    if (list === undefined) replacers.set(entry.replaces, [entry.name]);
    else list.push(entry.name);
  }
  const found = new Set<string>();
  const waiting = [...(replacers.get(name) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(replacers.get(next) ?? []));
  }
  return found;
}
