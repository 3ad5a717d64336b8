import type { FolderFiles } from './field-state.ts';
import type { TreeMistake } from './override-tree.ts';
import { argumentsName, configName, contentFolders } from './tree-manifest.ts';

/** The files of a tree by cluster and node, and those that belong to none. */
export interface SortedTree {
  readonly folders: ReadonlyMap<string, FolderFiles>;
  readonly mistakes: readonly TreeMistake[];
}

/** Whether a file or folder of a tree is looked at: hidden ones only below the folders of contents. */
export function isLookedAt(path: string): boolean {
  const names = path.split('/');
  const last = names.findIndex((name, index) => index > 1 && contentFolders.includes(name));
  return names.slice(0, last === -1 ? undefined : last).every((name) => !name.startsWith('.'));
}

/** Sorts the files of a tree, the manifest left out. */
export function sortTree(files: ReadonlyMap<string, Uint8Array>): SortedTree {
  const folders = new Map<string, Map<string, Uint8Array>>();
  const mistakes: TreeMistake[] = [];
  for (const [path, bytes] of files) {
    const [, folder, inner = ''] = /^([^/]+\/(?:cluster|nodes\/[^/]+))\/(.*)$/s.exec(path) ?? [];
    if (folder === undefined || !isKnown(folder, inner)) {
      mistakes.push({ path, diagnostic: stray });
      continue;
    }
    const own = folders.get(folder) ?? new Map<string, Uint8Array>();
    folders.set(folder, own.set(inner, bytes));
  }
  return { folders, mistakes };
}

function isKnown(folder: string, path: string): boolean {
  if (path === argumentsName) return !folder.endsWith('/cluster');
  return path === configName || contentFolders.some((name) => path.startsWith(`${name}/`));
}

const stray = {
  id: 'pack/stray',
  severity: 'error',
  message: 'this file is no part of the tree, and would be left out',
  hint: 'files go below CLUSTER/cluster/ or CLUSTER/nodes/NODE/: units/, files/PATH, config.json, installer-args',
} as const;
