import { standsAbove } from './layer-union.ts';

/** The layers of an image as they come, from the top down, and what of a folder they let see of those below. */
export interface LayerStack {
  /** Whether no layer above the one at hand hides or replaces a path. */
  readonly shows: (path: string) => boolean;
  /** Notes an entry of the layer at hand that is no folder; whiteouts act on lower layers only (image-spec, layer.md). */
  readonly note: (path: string) => void;
  /** The layer at hand is done: the next lower one comes. */
  readonly down: () => void;
}

const opaque = '.wh..wh..opq';
const whiteout = '.wh.';

/** Whether an entry is a whiteout, and no file of the image. */
export function isWhiteout(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith(whiteout);
}

/** A stack that keeps account of one folder (as `layerPath` writes it). A lookup costs as much as a path is deep. */
export function createLayerStack(root: string): LayerStack {
  const above = emptyLayer();
  let current = emptyLayer();
  return {
    shows: (path) => {
      if (above.folders.has(path)) return false;
      for (const each of andParents(path)) {
        if (above.gone.has(each) || (each !== path && above.opaque.has(each))) return false;
      }
      return true;
    },
    note: (path) => {
      const slash = path.lastIndexOf('/') + 1;
      const name = path.slice(slash);
      const folder = path.slice(0, Math.max(0, slash - 1));
      if (name === opaque) current.opaque.add(folder);
      else if (name.startsWith(whiteout))
        current.gone.add(path.slice(0, slash) + name.slice(whiteout.length));
      else if (standsAbove(root, path)) {
        current.gone.add(path);
        for (const parent of andParents(folder)) current.folders.add(parent);
      } else if (path === root || standsAbove(path, root)) current.gone.add(path);
    },
    down: () => {
      for (const key of ['gone', 'opaque', 'folders'] as const) {
        for (const path of current[key]) above[key].add(path);
      }
      current = emptyLayer();
    },
  };
}

function emptyLayer() {
  return {
    /** Paths that are taken or removed, with all below them. */
    gone: new Set<string>(),
    /** Folders that show nothing of the same folder below. */
    opaque: new Set<string>(),
    /** What is a folder here, and so no file of a lower layer. */
    folders: new Set<string>(),
  };
}

/** A path and the folders it lies in, up to the root of the image. */
function* andParents(path: string): Generator<string> {
  for (let each = path; ; each = each.slice(0, Math.max(0, each.lastIndexOf('/')))) {
    yield each;
    if (each === '') return;
  }
}
