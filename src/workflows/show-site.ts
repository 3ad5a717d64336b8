import { type ShownPlace, showSite } from '../core/show/show-site.ts';
import { type SiteSelection, selectorOf } from '../core/site/selection.ts';
import { createNames } from './site-names.ts';
import { readDocument } from './unpack-site.ts';

export interface ShowRequest extends Pick<SiteSelection, 'clusters' | 'nodes'> {
  /** A path, or `-` for standard input. */
  readonly file: string;
}

/**
 * Reads what the clusters and nodes of a document hold. Throws `usage` for names that are not there, a DocumentError
 * with every mistake of the document.
 */
export async function readShown(
  request: ShowRequest,
  readInput: () => Promise<string>,
): Promise<readonly ShownPlace[]> {
  const source = await readDocument(request.file, readInput);
  const names = createNames(request);
  const selects = selectorOf({ ...request, remove: false });
  const places = showSite(source, ({ place }) => {
    names.add([place]);
    return selects(place);
  });
  names.expectFound();
  return places;
}
