import { type Alias, Composer, type CST, type Document, Lexer, type Node, Parser, visit } from 'yaml';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/** The documents of a stream with offsets into its text, or every reason why it is no YAML we take. */
export interface YamlStream {
  readonly documents: readonly YamlDocument[];
  readonly mistakes: readonly Diagnostic[];
}

/** One document of a stream. */
export interface YamlDocument {
  readonly document: Document.Parsed;
  /** What each alias stands for: the last node before it with its anchor. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

/** In UTF-16 units. A real document has some kilobytes; what is larger is no document of a site. */
export const largestDocument = 8 * 1024 * 1024;
const deepest = 100;
const mostProperties = 16;
const mostMistakes = 50;
/** How often anchored content may come again, multiplied through nested aliases. */
const mostCopies = 10_000;

/**
 * Parses a stream. Nesting is counted token by token while the parser's own stack grows, because the step after it
 * recurses and ends the whole process on a nesting bomb; aliases are never expanded. `largest` in UTF-16 units.
 */
export function parseYamlStream(text: string, largest = largestDocument): YamlStream {
  const invalid = unreadable(text, largest);
  if (invalid !== undefined) return { documents: [], mistakes: [invalid] };
  const tokens: CST.Token[] = [];
  const { bomb, aliased } = tokenize(text, tokens);
  if (bomb !== undefined) return { documents: [], mistakes: [bomb] };
  const composer = new Composer({ keepSourceTokens: true, uniqueKeys: true, logLevel: 'silent' });
  const mistakes: Diagnostic[] = [];
  const documents = [...composer.compose(tokens, true, text.length)].map((document) => {
    for (const { message, pos } of document.errors) mistakes.push(mistake('yaml-syntax', message, ...pos));
    return { document, targets: aliased ? resolveAliases(document, mistakes) : noTargets };
  });
  return { documents, mistakes: mistakes.slice(0, mostMistakes) };
}

const noTargets: YamlDocument['targets'] = new Map();

function unreadable(text: string, largest: number): Diagnostic | undefined {
  if (text.length > largest) {
    const mebibytes = largest / (1024 * 1024);
    return {
      id: 'yaml-size',
      severity: 'error',
      message: `larger than ${mebibytes} MiB: this is no document of a site`,
    };
  }
  const replaced = text.indexOf('\ufffd');
  if (replaced === -1) return undefined;
  return mistake(
    'yaml-encoding',
    'not UTF-8, or a replacement character (U+FFFD) in it',
    replaced,
    replaced + 1,
  );
}

/** Puts the tokens of a text into a list; stops at a nesting bomb. `aliased`: there may be an alias in it. */
function tokenize(text: string, tokens: CST.Token[]): { bomb?: Diagnostic; aliased: boolean } {
  const parser = new Parser();
  let aliased = false;
  let properties = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    const [first] = lexeme;
    aliased ||= first === '*';
    if (first === '&' || first === '!') properties += 1;
    else if (first !== '#' && lexeme.trim() !== '') properties = 0;
    const reason =
      parser.stack.length > deepest
        ? `nested more than ${deepest} levels deep`
        : properties > mostProperties
          ? 'a chain of anchors and tags on one value'
          : undefined;
    if (reason !== undefined) {
      return { bomb: mistake('yaml-depth', reason, offset, offset + lexeme.length), aliased };
    }
    if (!isControl(lexeme)) offset += lexeme.length;
  }
  for (const token of parser.end()) tokens.push(token);
  return { aliased };
}

/** Lexemes that stand for a state and not for text: document start, end of flow, scalar. */
function isControl(lexeme: string): boolean {
  return lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f';
}

function resolveAliases(document: Document.Parsed, mistakes: Diagnostic[]): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias(_key, alias) {
      const [start, end] = alias.range ?? [0, 0];
      const target = anchors.get(alias.source);
      if (target === undefined)
        mistakes.push(mistake('yaml-alias', `no anchor &${alias.source} before this`, start, end));
      else targets.set(alias, target);
    },
    Node(_key, node) {
      if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  const [first] = targets.keys();
  if (first !== undefined && document.errors.length === 0 && multiplies(document)) {
    const [start, end] = first.range ?? [0, 0];
    mistakes.push(
      mistake('yaml-alias', 'aliases multiply the content of the document without measure', start, end),
    );
  }
  return targets;
}

function multiplies(document: Document.Parsed): boolean {
  try {
    document.toJS({ maxAliasCount: mostCopies, mapAsMap: true });
    return false;
  } catch {
    return true;
  }
}

function mistake(id: string, message: string, start: number, end: number): Diagnostic {
  return { id, severity: 'error', message, span: { start, end } };
}
