import { type Document, isNode } from 'yaml';
import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { parseYamlStream, type YamlDocument } from '../site/yaml-stream.ts';
import type { ImageSet } from './configuration.ts';
import type { SelectionRules } from './image-set.ts';
import { readCatalogRequests } from './read-catalog-requests.ts';
import { readBlocked, readImages } from './read-images.ts';
import { readPlatform } from './read-platform.ts';
import { type Fields, type Keys, type Place, StrictNodes } from './strict-nodes.ts';

/** Bytes; a real one has some kilobytes, and the passport keeps it. */
export const largestImageSet = 1024 * 1024;

/** An image set, and what of it means nothing here: warnings and notes, in their order. */
export interface ImageSetReading {
  readonly imageSet: ImageSet;
  readonly notes: readonly Diagnostic[];
}

/**
 * Reads an ImageSetConfiguration of `mirror.openshift.io/v1alpha2` or `v2alpha1`, as strictly as oc-mirror does. Throws
 * a DocumentError with every mistake, in the order of the document.
 */
export function readImageSet(source: Source): ImageSetReading {
  const { documents, mistakes } = parseYamlStream(source.text);
  if (mistakes.length > 0) throw new DocumentError(source, mistakes);
  const [first, ...rest] = documents.filter(({ document }) => !isEmpty(document));
  if (first === undefined) throw new DocumentError(source, [nothing]);
  const nodes = new StrictNodes(first.targets, 'image-set');
  const imageSet = readDocument(first, nodes);
  for (const { document } of rest) {
    const node = document.contents;
    if (isNode(node)) nodes.mistake('several', { node }, 'a second document: an image set is one document');
  }
  const found = nodes.diagnostics.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  if (imageSet === undefined || found.some(({ severity }) => severity === 'error')) {
    throw new DocumentError(source, found);
  }
  return { imageSet, notes: found };
}

const nothing: Diagnostic = {
  id: 'image-set/empty',
  severity: 'error',
  message: 'no ImageSetConfiguration in it',
  hint: 'download --generate-imageset writes one to begin with',
};

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || ('value' in contents && contents.value === null);
}

const group = 'mirror.openshift.io/';
const versions: readonly SelectionRules[] = ['v1alpha2', 'v2alpha1'];

const inV1 = 'it belongs to v1alpha2; v2alpha1 has none';

const documentKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: { known: ['apiVersion', 'kind', 'metadata', 'mirror', 'archiveSize', 'storageConfig'] },
  v2alpha1: {
    known: ['apiVersion', 'kind', 'metadata', 'mirror', 'archiveSize'],
    foreign: { storageConfig: inV1 },
  },
};

const mirrorKeys: Keys = {
  known: ['platform', 'operators', 'additionalImages', 'blockedImages', 'helm', 'samples'],
  foreign: { ocp: 'it is called platform since v1alpha2' },
};

function readDocument({ document }: YamlDocument, nodes: StrictNodes): ImageSet | undefined {
  const { contents } = document;
  if (!isNode(contents)) return undefined;
  const root: Place = { node: contents, path: '' };
  const rules = rulesOf(root, nodes);
  if (rules === undefined) return undefined;
  const fields = nodes.fields(root, documentKeys[rules]);
  if (fields === undefined) return undefined;
  passOver(fields, nodes);
  const mirror = fields.get('mirror');
  const content = mirror === undefined ? undefined : nodes.fields(mirror, mirrorKeys);
  if (mirror === undefined) nodes.mistake('missing', root, 'the document has no mirror');
  if (content === undefined) return undefined;
  refuseHelm(content.get('helm'), nodes);
  const samples = content.get('samples');
  if (samples !== undefined)
    nodes.tell('warning', 'passed-over', samples.node, 'samples are not staged: oc-mirror has none either');
  return {
    rules,
    platform: readPlatform(content.get('platform'), rules, nodes),
    catalogs: readCatalogRequests(content.get('operators'), rules, nodes),
    additionalImages: readImages(content.get('additionalImages'), rules, nodes),
    blockedImages: readBlocked(content.get('blockedImages'), nodes),
  };
}

/** Looked at before anything else: they decide which keys there are. */
function rulesOf(root: Place, nodes: StrictNodes): SelectionRules | undefined {
  const fields = new StrictNodes(new Map(), 'image-set').fields(root, { known: ['apiVersion', 'kind'] });
  if (fields === undefined) {
    nodes.fields(root, { known: [] });
    return undefined;
  }
  const kind = nodes.required(fields, 'kind');
  if (kind !== undefined && kind !== 'ImageSetConfiguration') {
    nodes.mistake(
      'kind-name',
      fields.get('kind') ?? root,
      `kind ${kind} is no ImageSetConfiguration`,
      'only an ImageSetConfiguration says what to stage',
    );
  }
  const apiVersion = nodes.required(fields, 'apiVersion');
  if (apiVersion === undefined) return undefined;
  const rules = versions.find((version) => apiVersion === `${group}${version}`);
  if (rules !== undefined) return rules;
  return nodes.mistake(
    'api-version',
    fields.get('apiVersion') ?? root,
    `apiVersion ${apiVersion} is not known`,
    `write ${versions.map((version) => group + version).join(' (oc-mirror v1) or ')} (oc-mirror v2)`,
  );
}

function passOver(fields: Fields, nodes: StrictNodes): void {
  for (const [key, reason] of [
    ['archiveSize', 'a staging folder has no archives to split'],
    ['storageConfig', 'the passport of the staging folder takes its place'],
  ] as const) {
    const place = fields.get(key);
    if (place !== undefined) {
      nodes.tell('info', 'passed-over', place.node, `${place.path} means nothing here: ${reason}`);
    }
  }
}

function refuseHelm(place: Place | undefined, nodes: StrictNodes): void {
  if (place === undefined) return;
  const keys = ['repositories', 'local'];
  const helm = nodes.fields(place, { known: keys });
  if (helm === undefined || keys.every((key) => nodes.items(helm.get(key)).length === 0)) return;
  nodes.mistake(
    'helm',
    place,
    'Helm charts cannot be staged',
    'list the images of the charts under additionalImages and leave helm out',
  );
}
