/** What one layer says about a path (image-spec, layer.md "Whiteouts"). */
export type LayerAnswer<T> =
  | { readonly kind: 'file'; readonly content: T }
  /** Something that is no regular file stands there, or above it in its path. */
  | { readonly kind: 'other' }
  /** The layer hides whatever lower layers have there. */
  | { readonly kind: 'hidden' }
  /** The layer says nothing: ask the next lower one. */
  | { readonly kind: 'silent' };

/** A path of a layer's tar as it compares: without `./`, `/` and trailing slashes; undefined when it climbs out. */
export function layerPath(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts.join('/');
}

/** Whether an entry of a layer hides a path of the layers below: a whiteout of it or of a folder it lies in. */
export function hides(entry: string, path: string): boolean {
  const slash = entry.lastIndexOf('/') + 1;
  const folder = entry.slice(0, slash);
  const name = entry.slice(slash);
  if (name === '.wh..wh..opq') return path.startsWith(folder);
  if (!name.startsWith('.wh.')) return false;
  const hidden = folder + name.slice('.wh.'.length);
  return path === hidden || path.startsWith(`${hidden}/`);
}

/** Whether an entry replaces a folder that a path lies in by something else, which takes the path away too. */
export function standsAbove(entry: string, path: string): boolean {
  return path.startsWith(`${entry}/`);
}
