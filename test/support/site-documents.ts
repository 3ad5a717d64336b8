import fc from 'fast-check';
import { isScalar, parseAllDocuments, visit } from 'yaml';
import { argsFields, type FieldWriter, overrideFields } from './site-fields.ts';

/** A generated stream with at least one site in it. */
export interface SiteText {
  readonly text: string;
  /** The text without the values of the three fields, line by line without white space around: what has to stay. */
  readonly kept: readonly string[];
}

interface Piece {
  readonly text: string;
  /** The value of one of the three fields. */
  readonly value?: true;
}

/** How a document is indented; `flat`: list items at the column of their key. */
interface Layout {
  readonly step: number;
  readonly flat: boolean;
}

/** A part of a mapping, written at a column. */
type Part = (column: number, layout: Layout) => Piece[];

/** Streams of real shape and wild style: comments, anchors, tabs, CRLF, any quoting, documents of other kinds beside. */
export function siteTexts(): fc.Arbitrary<SiteText> {
  const head = fc.constantFrom('', '\ufeff', '# head\n', '---\n', '# head\n---\n', '%YAML 1.2\n---\n', other);
  const tail = fc.constantFrom('', '---\n# nothing\n', '...\n', `---\n${other}kind: Other\n`, '# end');
  const layout = fc.record({ step: fc.constantFrom(2, 4), flat: fc.boolean() });
  return fc
    .record({
      head,
      site: fc.oneof(siteConfigs(), clusterInstances()),
      tail,
      layout,
      crlf: fc.boolean(),
      open: fc.boolean(),
    })
    .map(({ head, site, tail, layout, crlf, open }) => {
      const pieces = [{ text: head }, ...site(0, layout), { text: tail }];
      const ended = open ? [...pieces, { text: 'last: line' }] : pieces;
      const texts = (tail === '' ? ended : pieces).map((piece) => ({
        ...piece,
        text: crlf ? piece.text.replaceAll('\n', '\r\n') : piece.text,
      }));
      const kept = texts.filter(({ value }) => value === undefined).flatMap(({ text }) => text.split('\n'));
      return {
        text: texts.map(({ text }) => text).join(''),
        kept: kept.map((line) => line.trim()).filter((line) => line !== ''),
      };
    });
}

/** The documents as values, the three fields taken out. */
export function withoutFields(text: string): unknown[] {
  return parseAllDocuments(text, { intAsBigInt: true }).map((document) => {
    visit(document, {
      Pair: (_, pair) =>
        isScalar(pair.key) &&
        (pair.key.value === 'installerArgs' || pair.key.value === 'ignitionConfigOverride')
          ? visit.REMOVE
          : undefined,
    });
    return document.toJS();
  });
}

const other = 'kind: ConfigMap\nbad : {"x":  1}\ns: "a\tb"\nt: |\n  \tx  \n\n---\n';

function siteConfigs(): fc.Arbitrary<Part> {
  return fc
    .array(clusters(), { minLength: 1, maxLength: 2 })
    .map((items) =>
      map(
        text('apiVersion: ran.openshift.io/v1\n'),
        text('"kind" :  SiteConfig # kind\n'),
        below('spec', map(text('baseDomain: x\n'), below('clusters', list(items)))),
      ),
    );
}

function clusterInstances(): fc.Arbitrary<Part> {
  return clusters().map((spec) =>
    map(
      text("apiVersion: 'siteconfig.open-cluster-management.io/v1alpha1'\n"),
      text('kind: ClusterInstance\n'),
      below('spec', spec),
    ),
  );
}

function clusters(): fc.Arbitrary<Part> {
  const nodeList = fc
    .array(nodes(), { minLength: 1, maxLength: 2 })
    .map((items) => below('nodes', list(items)));
  return fc
    .tuple(
      extras('x'),
      optional('ignitionConfigOverride', overrideFields()),
      extras('y'),
      nodeList,
      fc.boolean(),
    )
    .map(([first, override, second, nodeList, nodesFirst]) =>
      nodesFirst
        ? map(nodeList, first, override, second)
        : map(text('clusterName: c\n'), first, override, second, nodeList),
    );
}

function nodes(): fc.Arbitrary<Part> {
  const network = fc.constantFrom(map(), text('nodeNetwork: {a: [b, "c"]}\n'));
  return fc
    .tuple(
      extras('x'),
      optional('installerArgs', argsFields()),
      network,
      optional('ignitionConfigOverride', overrideFields()),
      extras('y'),
    )
    .map((parts) => map(text("hostName: 'n'\n"), ...parts));
}

function optional(name: string, value: fc.Arbitrary<FieldWriter>): fc.Arbitrary<Part> {
  const field = value.map(
    (write): Part =>
      (column, { step }) => [
        { text: `${' '.repeat(column)}${name}:` },
        { text: write(' '.repeat(column + step)), value: true },
      ],
  );
  return fc.oneof(fc.constant(map()), field);
}

/** Lines of the user's own; `I` is the column, `S` one step, `P` what tells the keys of a mapping apart. */
const ownLines = [
  "IPa: 'it''s  a'   # tail\n",
  'I"Pb" :   "a\\tb\tc"\n\n',
  'IPc: plain\nISmore\n',
  'IPd: |+\nIS\ttab\n\nI# comment\n',
  'IPe: >-\nISa\nISSb\n',
  'IPf: {a: [1, 0xFF],\nISb: {} } # flow\n',
  'IPg:\nIS- a\nIS- b: 9007199254740993\nISSS# deep\n',
  'IPh: &Ph [a]\nIPi: *Ph\n',
  'IPj:\n',
  'I? Pk\nI: y\n',
  '\n   \n# left\n',
  'IPl: !tag x\nI# same column\n',
];

function extras(prefix: string): fc.Arbitrary<Part> {
  return fc.subarray(ownLines, { maxLength: 3 }).map(
    (lines): Part =>
      (column, { step }) => [
        {
          text: lines
            .join('')
            .replaceAll('I', ' '.repeat(column))
            .replaceAll('S', ' '.repeat(step))
            .replaceAll('P', prefix),
        },
      ],
  );
}

function text(line: string): Part {
  return (column) => [{ text: `${' '.repeat(column)}${line}` }];
}

function map(...parts: readonly Part[]): Part {
  return (column, layout) => parts.flatMap((part) => part(column, layout));
}

function below(key: string, part: Part): Part {
  return (column, layout) => [
    { text: `${' '.repeat(column)}${key}: # ${key}\n` },
    ...part(key === 'spec' || !layout.flat ? column + layout.step : column, layout),
  ];
}

function list(items: readonly Part[]): Part {
  return (column, layout) =>
    items.flatMap((item) => {
      const [first, ...rest] = item(column + 2, layout);
      return [{ text: `${' '.repeat(column)}- ${first?.text.slice(column + 2) ?? ''}` }, ...rest];
    });
}
