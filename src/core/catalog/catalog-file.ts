import { positionAt } from '../diagnostics/source-text.ts';
import { parseJson } from '../json/tree.ts';
import { parseYamlStream } from '../site/yaml-stream.ts';
import { createJsonSplitter, type MetaKeys, type SplitterSink } from './json-splitter.ts';
import { readMeta } from './meta.ts';
import type { CatalogProblem, Meta, Placed, Wanted } from './model.ts';
import { createYamlSplitter } from './yaml-splitter.ts';

/** What one file of a catalog holds of the wanted packages. */
export interface FileReading {
  readonly metas: readonly Placed<Meta>[];
  readonly problems: readonly CatalogProblem[];
  /** Names of the packages it defines, wanted or not. */
  readonly names: readonly string[];
}

/** A reader of one file of a catalog, which comes in chunks of any size. */
export interface CatalogFile {
  readonly push: (chunk: Buffer) => void;
  /** Must be called once, after the last chunk. */
  readonly end: () => FileReading;
}

/** Mistakes kept of a file: one that is no catalog at all has thousands. */
const mostProblems = 50;
const largestYaml = 16 * 1024 * 1024;

const schemas: ReadonlySet<string> = new Set([
  'olm.package',
  'olm.channel',
  'olm.bundle',
  'olm.deprecations',
]);

/**
 * Reads a file of a catalog, a stream of JSON or of YAML documents whatever its name. Which of the two it is is told
 * by its first character, as operator-registry does it. Nothing is kept of packages that are not wanted.
 */
export function createCatalogFile(file: string, wanted: Wanted): CatalogFile {
  const reading = new Reading(file, wanted);
  let splitter: ReturnType<typeof createJsonSplitter> | undefined;
  return {
    push: (chunk) => {
      const begins = splitter === undefined ? firstCharacter(chunk) : undefined;
      if (begins !== undefined) {
        splitter =
          begins === '{'
            ? createJsonSplitter(reading.sink('json'))
            : createYamlSplitter(reading.sink('yaml'));
      }
      if (splitter === undefined) reading.skipLines(chunk);
      else splitter.push(chunk);
    },
    end: () => {
      splitter?.end();
      return reading;
    },
  };
}

/** The first character that is no white space; undefined when there is none. */
function firstCharacter(chunk: Buffer): string | undefined {
  const byte = chunk.find((each) => each !== 0x20 && each !== 0x0a && each !== 0x0d && each !== 0x09);
  return byte === undefined ? undefined : String.fromCharCode(byte);
}

class Reading implements FileReading {
  readonly metas: Placed<Meta>[] = [];
  readonly problems: CatalogProblem[] = [];
  readonly names: string[] = [];
  readonly #file: string;
  readonly #wanted: Wanted;
  readonly #unknown = new Set<string>();
  /** Lines of white space in front of everything. */
  #before = 0;

  constructor(file: string, wanted: Wanted) {
    this.#file = file;
    this.#wanted = wanted;
  }

  skipLines(blank: Buffer): void {
    this.#before += blank.toString('latin1').split('\n').length - 1;
  }

  sink(format: 'json' | 'yaml'): SplitterSink {
    return {
      drop: (keys) => this.#drop(keys),
      dropped: (keys, line) => this.#dropped(keys, line),
      broken: (message, line) => this.#report('error', line, message),
      document: (bytes, line) => {
        const text = bytes.toString();
        if (format === 'json') this.#json(text, line);
        else this.#yaml(text, line);
      },
    };
  }

  #isWanted(name: string): boolean {
    return this.#wanted === undefined || this.#wanted.has(name);
  }

  #drop(keys: MetaKeys): boolean {
    const { schema, name, package: owner } = keys;
    if (schema === undefined) {
      const known = name !== undefined && owner !== undefined;
      return known && !this.#isWanted(name) && !this.#isWanted(owner);
    }
    const decides = schema === 'olm.package' ? name : owner;
    if (schemas.has(schema)) return decides !== undefined && !this.#isWanted(decides);
    return true;
  }

  #dropped(keys: MetaKeys, line: number): void {
    if (keys.schema === 'olm.package' && keys.name !== undefined) this.names.push(keys.name);
    if (keys.schema !== undefined && !schemas.has(keys.schema))
      this.#passOver(keys.schema, keys.package, line);
    else if (!this.#drop(keys))
      this.#report('error', line, 'the document names its schema, name or package twice');
  }

  /** Said once for each schema, and only where it may matter: an `olm` schema this program does not know yet. */
  #passOver(schema: string, owner: string | undefined, line: number): void {
    if (!schema.startsWith('olm.') || this.#unknown.has(schema)) return;
    if (owner !== undefined && !this.#isWanted(owner)) return;
    this.#unknown.add(schema);
    this.#report('warning', line, `documents of the unknown schema ${schema} are passed over`);
  }

  #json(text: string, line: number): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      const [mistake] = parseJson(text).mistakes;
      const { line: offset } = positionAt(text, mistake?.span?.start ?? 0);
      this.#report('error', line + offset - 1, `this is no JSON: ${mistake?.message ?? 'it cannot be read'}`);
      return;
    }
    this.#take(value, line);
  }

  #yaml(text: string, line: number): void {
    if (/^(?:---[ \t]*\r?\n)?\s*\{/.test(text)) {
      const json = jsonIn(text.replace(/^---/, ''));
      if (json !== undefined) {
        this.#take(json, line);
        return;
      }
    }
    const { documents, mistakes } = parseYamlStream(text, largestYaml);
    for (const { span, message } of mistakes) {
      const { line: offset } = positionAt(text, span?.start ?? 0);
      this.#report('error', line + offset - 1, `this is no YAML: ${message.split('\n')[0] ?? ''}`);
    }
    if (mistakes.length > 0) return;
    for (const { document } of documents) {
      const { line: offset } = positionAt(text, document.contents?.range?.[0] ?? 0);
      const value: unknown = document.toJS({ maxAliasCount: -1 });
      if (value !== null) this.#take(value, line + offset - 1);
    }
  }

  #take(value: unknown, line: number): void {
    const keys = keysOf(value);
    if (this.#drop(keys)) {
      this.#dropped(keys, line);
      return;
    }
    const reading = readMeta(value);
    if (reading.kind === 'wrong') {
      for (const message of reading.mistakes) this.#report('error', line, message);
      return;
    }
    if (reading.kind === 'unknown') return;
    const { meta, warning } = reading;
    if (meta.schema === 'olm.package') this.names.push(meta.name);
    if (warning !== undefined) this.#report('warning', line, warning);
    this.metas.push({ ...meta, file: this.#file, line: line + this.#before });
  }

  #report(severity: CatalogProblem['severity'], line: number, message: string): void {
    if (this.problems.length >= mostProblems) return;
    this.problems.push({ severity, file: this.#file, line: line + this.#before, message });
  }
}

function keysOf(value: unknown): MetaKeys {
  const fields = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const text = (name: string): string | undefined => {
    const field: unknown = fields.get(name);
    return typeof field === 'string' ? field : undefined;
  };
  return { schema: text('schema'), name: text('name'), package: text('package') };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
