import { type Diagnostic, DocumentError, type Source } from '../diagnostics/diagnostic.ts';
import { messageOf, ToolError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { Component } from '../release/payload.ts';

/** A release whose images a mapping lists. */
export interface MappedRelease {
  readonly version: string;
  /** As in its tag: `x86_64`. */
  readonly architecture: string;
  /** The release image. */
  readonly reference: Reference;
  /** The components that are listed, under the names the mapping gives them; each name once. */
  readonly components: readonly Component[];
}

/** What a `mapping.txt` lists, by what its targets say. */
export interface Mapping {
  readonly releases: readonly MappedRelease[];
  /** Of operators, and whatever else; each once. */
  readonly images: readonly Reference[];
}

/** Bytes; oc-mirror's for a release and all operators has some hundred kilobytes. */
export const largestMapping = 8 * 1024 * 1024;

/**
 * Reads a `mapping.txt` of oc-mirror, whose lines are `source=target`: v1 writes plain names, v2 puts `docker://` before
 * both. A target `openshift/release:VERSION-ARCH-NAME` is a component of a release, `openshift/release-images` a release
 * image. Throws a DocumentError with every line that is none.
 */
export function readMapping(source: Source): Mapping {
  const reading: Reading = { releases: new Map(), images: new Map(), diagnostics: [] };
  let start = 0;
  let lines = 0;
  for (const line of source.text.split('\n')) {
    const text = line.replace(/\r$/, '').replace(/^\ufeff/, '');
    if (text.trim() !== '') {
      lines += 1;
      readLine(text, { start, end: start + line.length }, reading);
    }
    start += line.length + 1;
  }
  if (lines === 0) reading.diagnostics.push(nothing);
  const releases = [...reading.releases].flatMap(([tag, release]) => completed(tag, release, reading));
  if (reading.diagnostics.length > 0) {
    const inOrder = reading.diagnostics.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
    throw new DocumentError(source, inOrder);
  }
  return { releases, images: [...reading.images.values()] };
}

const nothing: Diagnostic = {
  id: 'mapping/empty',
  severity: 'error',
  message: 'no images in it',
  hint: 'it is the mapping.txt that oc-mirror --dry-run leaves in its workspace',
};

interface Span {
  readonly start: number;
  readonly end: number;
}

interface FoundRelease {
  readonly version: string;
  readonly architecture: string;
  readonly first: Span;
  image?: Reference;
  readonly components: Map<string, Component>;
}

interface Reading {
  /** By tag: `4.14.7-x86_64`. */
  readonly releases: Map<string, FoundRelease>;
  readonly images: Map<string, Reference>;
  readonly diagnostics: Diagnostic[];
}

const releaseTarget =
  /(?:^|\/)openshift\/release(-images)?:(\d+\.\d+\.\d+(?:-(?:rc|ec|fc)\.\d+)?)-(x86_64|aarch64|arm64|amd64|ppc64le|s390x|multi)(?:-([A-Za-z0-9._-]+))?$/;
/** What oc-mirror builds itself: no registry has it, and no server asks for it. */
const builtTarget = /(?:^|\/)(?:openshift\/)?graph-(?:image|data)(?:[:@]|$)/;

function readLine(line: string, span: Span, reading: Reading): void {
  const tell = (id: string, message: string, hint?: string): void => {
    reading.diagnostics.push({ id: `mapping/${id}`, severity: 'error', message, span, hint });
  };
  const [left = '', right, ...more] = line.trim().split('=');
  if (right === undefined || right === '' || left === '' || more.length > 0) {
    tell('line', 'no line of a mapping', 'write source=target, the two names of an image');
    return;
  }
  const target = right.replace(/^(?:docker|file|oci):\/*/, '');
  if (builtTarget.test(target)) return;
  let reference: Reference;
  try {
    reference = parseReference(left.replace(/^docker:\/\//, ''), 'invalid-document');
  } catch (error) {
    tell('reference', messageOf(error), error instanceof ToolError ? error.hint : undefined);
    return;
  }
  const [, isImage, version, architecture, component] = releaseTarget.exec(target) ?? [];
  if (version === undefined || architecture === undefined) {
    reading.images.set(formatReference(reference), reference);
    return;
  }
  const release = releaseOf(version, architecture, span, reading);
  if (isImage !== undefined && component === undefined) {
    const { image } = release;
    if (image !== undefined && !isSameImage(image, reference)) {
      tell('release', `a second release image of ${version}: ${formatReference(reference)}`);
    }
    // Of its two names the digest says more: the tag follows from it.
    if (image?.digest === undefined) release.image = reference;
  } else if (component === undefined || isImage !== undefined) {
    tell('target', `"${right}" names no component of a release`);
  } else addComponent(release, { name: component, reference }, tell);
}

/** Two names of one image, as far as names can tell: a release may be listed by tag and by digest. */
function isSameImage(a: Reference, b: Reference): boolean {
  if (a.registry !== b.registry || a.repository !== b.repository) return false;
  if (a.digest !== undefined && b.digest !== undefined) return a.digest === b.digest;
  return a.digest !== undefined || b.digest !== undefined || a.tag === b.tag;
}

function releaseOf(version: string, architecture: string, first: Span, { releases }: Reading): FoundRelease {
  const tag = `${version}-${architecture}`;
  const found = releases.get(tag) ?? { version, architecture, first, components: new Map() };
  releases.set(tag, found);
  return found;
}

function addComponent(
  { version, components }: FoundRelease,
  component: Component,
  tell: (id: string, message: string, hint?: string) => void,
): void {
  const { name, reference } = component;
  const known = components.get(name);
  if (reference.digest === undefined) {
    tell('component', `${name} of ${version} is not pinned by a digest: ${formatReference(reference)}`);
  } else if (known !== undefined && formatReference(known.reference) !== formatReference(reference)) {
    tell('component', `a second image for ${name} of ${version}: ${formatReference(reference)}`);
  } else components.set(name, component);
}

/** Components alone install nothing. */
function completed(tag: string, release: FoundRelease, { diagnostics }: Reading): MappedRelease[] {
  const { version, architecture, image, components, first } = release;
  if (image !== undefined) {
    return [{ version, architecture, reference: image, components: [...components.values()] }];
  }
  diagnostics.push({
    id: 'mapping/release',
    severity: 'error',
    message: `components of ${tag}, and no release image`,
    span: first,
    hint: `add the line whose target is openshift/release-images:${tag}`,
  });
  return [];
}
