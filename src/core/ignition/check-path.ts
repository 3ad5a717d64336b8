import type { Span } from '../diagnostics/diagnostic.ts';
import type { Report } from './report.ts';
import type { Leaf } from './shape.ts';

/** The rules of a path; `place` is where to tell that there is none. */
export function checkPath(path: Leaf<string> | undefined, place: Span, report: Report): void {
  if (path === undefined || path.value === '') report.add('path-missing', path ?? place, 'there is no path');
  else if (!path.value.startsWith('/')) report.add('path-relative', path, 'a path begins with /');
  else if (!isClean(path.value)) {
    report.add('path-unclean', path, 'a path has no //, no . or .. in it and no / at its end');
  }
}

/** Whether an absolute path is in its shortest form. */
function isClean(path: string): boolean {
  return path === '/' || !/\/(?:\.{0,2}(?:\/|$))/.test(path);
}

/** The paths of a config's links, to find what lies below one. */
export class LinkPaths {
  readonly #root: PathNode = { below: new Map(), isLink: false };

  add(path: string): void {
    let node = this.#root;
    for (const name of path.split('/')) {
      const next = node.below.get(name) ?? { below: new Map(), isLink: false };
      node.below.set(name, next);
      node = next;
    }
    node.isLink = true;
  }

  /** Whether a path goes through a link. */
  encloses(path: string): boolean {
    let node: PathNode | undefined = this.#root;
    for (let at = 0; node !== undefined; ) {
      const slash = path.indexOf('/', at);
      if (slash === -1) return false;
      node = node.below.get(path.slice(at, slash));
      if (node?.isLink === true) return true;
      at = slash + 1;
    }
    return false;
  }
}

interface PathNode {
  readonly below: Map<string, PathNode>;
  isLink: boolean;
}
