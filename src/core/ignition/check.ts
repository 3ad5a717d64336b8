import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type JsonNode, type JsonObject, parseJson } from '../json/tree.ts';
import { fieldName, readStruct } from './read-struct.ts';
import { Report, type SpecVersion } from './report.ts';
import { configShape } from './schema.ts';
import type { StructShape } from './shape.ts';

/** A config as text, and its root where it is parsed already. */
export interface ConfigSource {
  readonly text: string;
  readonly root?: JsonObject;
}

/** An object of a cluster, with everything in it, is at most that large (etcd, --max-request-bytes). */
const largestObject = 1.5 * 1024 * 1024;

/**
 * Checks an Ignition config as an override: everything that the hub's validator refuses is an error, what it warns of
 * a warning, and what it lets pass though the server fails on it is told too (`ignitionRules` says which is which).
 * Only 3.1.0 and 3.2.0 pass. Spans are UTF-16 offsets in the text. Never throws, at most 500 errors and 500 warnings.
 */
export function checkIgnition({ text, root: parsed }: ConfigSource): readonly Diagnostic[] {
  if (text.length > largestObject) return [tooLarge(text)];
  const { root, mistakes } = parsed === undefined ? parseJson(text) : { root: parsed, mistakes: [] };
  if (root === undefined) return mistakes.map((mistake) => ({ ...mistake, id: 'ignition/json' }));
  if (root.type !== 'object') {
    const report = new Report(text, '3.2.0');
    report.add('value-type', root, 'a config is an object');
    return report.diagnostics();
  }
  const { version, tell } = readVersion(root);
  const report = new Report(text, version);
  tell?.(report);
  readStruct(configShape, root, report);
  return report.diagnostics();
}

function tooLarge(text: string): Diagnostic {
  const report = new Report(text, '3.2.0');
  const hint = 'put large files on the partition, or compress them';
  report.add(
    'too-large',
    { start: 0, end: 1 },
    'this override is larger than a cluster can store: 1.5 MiB',
    hint,
  );
  const [diagnostic] = report.diagnostics();
  if (diagnostic === undefined) throw new Error('a finding was not collected');
  return diagnostic;
}

interface VersionReading {
  /** By which the rest is read. */
  readonly version: SpecVersion;
  readonly tell?: (report: Report) => void;
}

const accepted = 'write "3.1.0" or "3.2.0"';

function readVersion(root: JsonObject): VersionReading {
  const ignition = fieldOf(configShape, root, 'ignition');
  const shape = configShape.fields.get('ignition')?.shape;
  const node =
    ignition?.type === 'object' && shape?.kind === 'struct' ? fieldOf(shape, ignition, 'version') : undefined;
  if (node === undefined || (node.type === 'scalar' && node.value === null)) {
    const place = ignition ?? { start: root.start, end: root.start + 1 };
    return {
      version: '3.2.0',
      tell: (report) => report.add('version-missing', place, 'there is no version', accepted),
    };
  }
  // A wrong type is told where the fields are read.
  if (node.type !== 'scalar' || typeof node.value !== 'string') return { version: '3.2.0' };
  return readSpec(node.value, node);
}

/** Leading zeros are read over; more than the three numbers is another version (go-semver). */
function readSpec(version: string, place: Span): VersionReading {
  const numbers = /^(\d{1,18})\.(\d{1,18})\.(\d{1,18})$/.exec(version)?.slice(1).map(Number);
  const spec = numbers?.join('.');
  if (spec === '3.1.0' || spec === '3.2.0') return { version: spec };
  const tell = (report: Report): void => {
    if (numbers === undefined && !/^\d+\.\d+\.\d+[-+]/.test(version)) {
      report.add('version-invalid', place, 'a version is three numbers with points between', accepted);
      return;
    }
    const known = /^3\.[0-6]\.0$/.test(spec ?? '') ? `spec ${spec ?? ''} is known, but ` : '';
    report.add('version-refused', place, `${known}the hub takes only Ignition 3.1.0 and 3.2.0`, accepted);
  };
  return { version: '3.2.0', tell };
}

function fieldOf(shape: StructShape, object: JsonObject, name: string): JsonNode | undefined {
  return object.items.find((member) => fieldName(shape, member.name) === name)?.value;
}
