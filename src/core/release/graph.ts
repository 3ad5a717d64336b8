import * as v from 'valibot';
import { compareVersions, parseVersion, type Version } from '../catalog/version.ts';
import { ToolError } from '../errors.ts';
import { parseJsonDocument } from '../json/parse-document.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';

/** A release of an update graph. */
export interface GraphRelease {
  readonly version: Version;
  /** The release image, by digest. */
  readonly payload: Reference;
  /** Channels it is in, as far as the graph says so. */
  readonly channels: readonly string[];
}

/** An update graph as its releases, the oldest first. The edges are read and checked; nothing here follows them. */
export interface Graph {
  readonly releases: readonly GraphRelease[];
}

/** A channel's name: what it is for, and the minor version it leads to. */
export interface Channel {
  readonly kind: (typeof channelKinds)[number];
  readonly minor: number;
}

const channelKinds = ['stable', 'fast', 'eus', 'candidate'] as const;

/** Where a node names its channels (cincinnati, docs/design/openshift.md). */
const channelsKey = 'io.openshift.upgrades.graph.release.channels';

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const edge = v.tuple([index, index]);
const text = v.pipe(v.string(), v.minLength(1));
const document = v.object({
  nodes: v.array(
    v.object({ version: text, payload: text, metadata: v.optional(v.record(v.string(), v.string()), {}) }),
  ),
  edges: v.array(edge),
  conditionalEdges: v.optional(
    v.array(
      v.object({
        edges: v.array(v.object({ from: text, to: text })),
        risks: v.array(v.object({ name: text, url: v.string(), message: v.string() })),
      }),
    ),
    [],
  ),
});

/**
 * Reads an update graph (Cincinnati's JSON). Throws `invalid-document` naming `source` for anything that is none: a
 * version that is no semantic version or is there twice, a payload that is not pinned by a digest, an edge to nowhere.
 */
export function parseGraph(bytes: Uint8Array, source: string): Graph {
  const refuse = (reason: string): never => {
    throw new ToolError('invalid-document', `${source} is no update graph: ${reason}`, {
      hint: 'check --graph-url: it names the address that ends in /graph',
    });
  };
  const { nodes, edges } = parseJsonDocument(bytes, document, refuse);
  const astray = edges.findIndex((ends) => ends.some((end) => end >= nodes.length));
  if (astray !== -1) return refuse(`edges.${astray} leads to a node that is not there`);
  const releases = new Map<string, GraphRelease>();
  for (const { version, payload, metadata } of nodes) {
    const parsed = parseVersion(version) ?? refuse(`"${version}" is no version`);
    if (releases.has(version)) return refuse(`it names ${version} twice`);
    const reference = parseReference(payload, 'invalid-document');
    if (reference.digest === undefined) {
      return refuse(`${version} is not pinned by a digest: ${formatReference(reference)}`);
    }
    const channels = (metadata[channelsKey] ?? '').split(',').filter((name) => name !== '');
    releases.set(version, { version: parsed, payload: reference, channels });
  }
  return { releases: [...releases.values()].toSorted((a, b) => compareVersions(a.version, b.version)) };
}

/** Reads `stable-4.14`. Throws `usage` for what is no channel. */
export function parseChannel(name: string): Channel {
  const match = /^([a-z]+)-4\.(0|[1-9]\d{0,3})$/.exec(name);
  const kind = channelKinds.find((each) => each === match?.[1]);
  if (match === null || kind === undefined) {
    throw new ToolError('usage', `"${name}" is no channel of OpenShift`, {
      hint: 'write it as stable-4.14, fast-4.14, eus-4.14 or candidate-4.14',
    });
  }
  return { kind, minor: Number(match[2]) };
}

export function formatChannel({ kind, minor }: Channel): string {
  return `${kind}-4.${minor}`;
}

/** Channels that may have been meant by one that is empty: of the same minor version, and of those beside it. */
export function channelsNear({ kind, minor }: Channel): readonly Channel[] {
  const kinds = channelKinds.filter((each) => each !== kind).map((each) => ({ kind: each, minor }));
  const minors = [minor - 1, minor + 1].filter((each) => each >= 0);
  return [...minors.map((each) => ({ kind, minor: each })), ...kinds];
}

/** The channel that has every release of a minor version, prereleases included. */
export function widestChannelOf(version: string): Channel | undefined {
  const minor = parseVersion(version)?.release[1];
  return minor === undefined ? undefined : { kind: 'candidate', minor };
}

/** The newest release of a minor version (the `14` of 4.14): a channel has older ones to come from, too. */
export function newestRelease({ releases }: Graph, minor: number): GraphRelease | undefined {
  return releases.findLast(({ version }) => version.release[1] === minor);
}

export function findRelease({ releases }: Graph, version: string): GraphRelease | undefined {
  return releases.find((release) => release.version.text === version);
}

/** The versions beside one that a graph does not have: up to two below and two above, in order. */
export function versionsNear({ releases }: Graph, version: string): readonly string[] {
  const wanted = parseVersion(version);
  const texts = releases.map((release) => release.version.text);
  if (wanted === undefined) return texts.slice(-mostShown);
  const below = releases.filter((release) => compareVersions(release.version, wanted) < 0).length;
  return texts.slice(Math.max(0, below - 2), below + 2);
}

const mostShown = 4;
