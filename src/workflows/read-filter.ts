import { readFilterFile } from '../core/imageset/read-filter-file.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { isFile, readTextFile } from '../system/files.ts';

/**
 * The pattern that `--filter` means: the text itself, or as in the Go tool what a YAML file of that name lists under
 * `patterns`. Undefined where it leaves out nothing.
 */
export async function readFilter(filter: string | undefined): Promise<string | undefined> {
  if (filter === undefined || filter === '') return undefined;
  // A pattern that is called like a YAML file is a file that is missing.
  if (!(await isFile(filter)) && !/^[\w./-]+\.ya?ml$/.test(filter)) return filter;
  const pattern = readFilterFile({ name: filter, text: await readTextFile(filter, largestDocument) });
  return pattern === '' ? undefined : pattern;
}
