import { isNode } from 'yaml';
import { DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { messageOf } from '../errors.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';
import { compileFilter } from './filter.ts';
import { StrictNodes } from './strict-nodes.ts';

/**
 * Reads the filter file of the Go tool, a YAML document with the list `patterns`, as one pattern that matches what any
 * of them does. Throws a DocumentError with every mistake.
 */
export function readFilterFile(source: Source): string {
  const { documents, mistakes } = parseYamlStream(source.text);
  if (mistakes.length > 0) throw new DocumentError(source, mistakes);
  const [first] = documents;
  const contents = first?.document.contents;
  const nodes = new StrictNodes(first?.targets ?? new Map(), 'filter');
  const fields = isNode(contents)
    ? nodes.fields({ node: contents, path: '' }, { known: ['patterns'] })
    : undefined;
  const patterns = nodes.items(fields?.get('patterns')).flatMap((place) => {
    const pattern = nodes.text(place);
    try {
      compileFilter(pattern);
      return pattern ?? [];
    } catch (error) {
      nodes.mistake('expression', place, messageOf(error));
      return [];
    }
  });
  if (nodes.diagnostics.length > 0) throw new DocumentError(source, nodes.diagnostics);
  return patterns.length === 1 ? (patterns[0] ?? '') : patterns.map((pattern) => `(?:${pattern})`).join('|');
}
