import { isNode } from 'yaml';
import { DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';
import { type DuOperator, duCatalogs } from './du-operators.ts';
import { type Fields, type Place, StrictNodes } from './strict-nodes.ts';

const keys = ['package', 'catalog', 'channel', 'since', 'before'];

/**
 * Reads a list of operators in place of `duOperators`: a YAML document with the list `operators`, whose items have the
 * fields of a DuOperator; `catalog` is `redhat` if not said. Throws a DocumentError with every mistake.
 */
export function readDuOperators(source: Source): readonly DuOperator[] {
  const { documents, mistakes } = parseYamlStream(source.text);
  if (mistakes.length > 0) throw new DocumentError(source, mistakes);
  const [first] = documents;
  const contents = first?.document.contents;
  const nodes = new StrictNodes(first?.targets ?? new Map(), 'du-operators');
  const fields = isNode(contents)
    ? nodes.fields({ node: contents, path: '' }, { known: ['operators'] })
    : undefined;
  const list = nodes.items(fields?.get('operators')).flatMap((item) => operatorAt(item, nodes) ?? []);
  if (nodes.diagnostics.length > 0) throw new DocumentError(source, nodes.diagnostics);
  if (list.length > 0) return list;
  const hint = 'begin with "operators:" and list package and channel of each';
  const nothing = {
    id: 'du-operators/empty',
    severity: 'error',
    message: 'no operators in it',
    hint,
  } as const;
  throw new DocumentError(source, [nothing]);
}

function operatorAt(item: Place, nodes: StrictNodes): DuOperator | undefined {
  const fields = nodes.fields(item, { known: keys });
  if (fields === undefined) return undefined;
  const name = nodes.required(fields, 'package');
  const channel = nodes.required(fields, 'channel');
  const catalogPlace = fields.get('catalog');
  const catalogName = nodes.text(catalogPlace) ?? 'redhat';
  const catalog = duCatalogs.find((each) => each === catalogName);
  if (catalog === undefined && catalogPlace !== undefined) {
    nodes.mistake(
      'catalog',
      catalogPlace,
      `"${catalogName}" is no catalog`,
      `choose ${duCatalogs.join(' or ')}`,
    );
  }
  const [since, before] = [releaseAt(fields, 'since', nodes), releaseAt(fields, 'before', nodes)];
  if (name === undefined || channel === undefined || catalog === undefined) return undefined;
  return { package: name, catalog, channel, since, before };
}

function releaseAt(fields: Fields, key: string, nodes: StrictNodes): string | undefined {
  const place = fields.get(key);
  const text = nodes.text(place);
  if (place === undefined || text === undefined || /^\d+\.\d+$/.test(text)) return text;
  return nodes.mistake('release', place, `${place.path}: "${text}" is no release`, "write it as '4.14'");
}
