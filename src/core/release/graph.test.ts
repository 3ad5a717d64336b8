import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ToolError } from '../errors.ts';
import {
  channelsNear,
  findRelease,
  formatChannel,
  newestRelease,
  parseChannel,
  parseGraph,
  versionsNear,
  widestChannelOf,
} from './graph.ts';

const payload = `quay.io/openshift-release-dev/ocp-release@sha256:${'a'.repeat(64)}`;
const node = (version: string, more: object = {}) => ({ version, payload, ...more });
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const graph = (...versions: string[]) =>
  parseGraph(bytes({ nodes: versions.map((version) => node(version)), edges: [] }), 'graph');

describe('parseGraph', () => {
  it('reads nodes, edges and conditional edges, and gives the releases in the order of their versions', () => {
    const channels = { 'io.openshift.upgrades.graph.release.channels': 'candidate-4.14,stable-4.14' };
    const { releases } = parseGraph(
      bytes({
        version: 1,
        nodes: [
          node('4.14.10', { metadata: { ...channels, url: 'https://example.com' } }),
          node('4.14.9'),
          node('4.14.0-rc.10'),
          node('4.14.0-rc.9'),
          node('4.14.0-ec.3'),
          node('4.14.0'),
        ],
        edges: [[1, 0]],
        conditionalEdges: [
          {
            edges: [{ from: '4.14.0', to: '4.14.9' }],
            risks: [{ name: 'Risk', url: '', message: '', matchingRules: [{ type: 'Always' }] }],
          },
        ],
      }),
      'graph',
    );
    expect(releases.map(({ version }) => version.text)).toEqual([
      '4.14.0-ec.3',
      '4.14.0-rc.9',
      '4.14.0-rc.10',
      '4.14.0',
      '4.14.9',
      '4.14.10',
    ]);
    expect(releases.at(-1)?.channels).toEqual(['candidate-4.14', 'stable-4.14']);
    expect(releases.at(-1)?.payload.digest).toBe(`sha256:${'a'.repeat(64)}`);
  });

  it.each([
    ['no JSON', Buffer.from('<html>'), 'it is not JSON'],
    ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22]), 'it is not JSON'],
    ['another document', bytes({ kind: 'Pod' }), 'nodes'],
    ['no edges', bytes({ nodes: [] }), 'edges'],
    ['a node without payload', bytes({ nodes: [{ version: '4.14.1' }], edges: [] }), 'nodes.0.payload'],
    ['no version', bytes({ nodes: [node('v4.14')], edges: [] }), '"v4.14" is no version'],
    ['a version twice', bytes({ nodes: [node('4.14.1'), node('4.14.1')], edges: [] }), 'names 4.14.1 twice'],
    [
      'a payload by tag',
      bytes({ nodes: [{ version: '4.14.1', payload: 'quay.io/a:1' }], edges: [] }),
      '4.14.1 is not pinned by a digest',
    ],
    ['an edge to nowhere', bytes({ nodes: [node('4.14.1')], edges: [[0, 1]] }), 'edges.0 leads to'],
    ['an edge of one end', bytes({ nodes: [node('4.14.1')], edges: [[0]] }), 'edges.0'],
    [
      'a conditional edge without risks',
      bytes({ nodes: [], edges: [], conditionalEdges: [{ edges: [] }] }),
      'conditionalEdges.0.risks',
    ],
  ])('refuses %s', (_name, text, reason) => {
    expect(() => parseGraph(text, 'graph')).toThrow(reason);
  });

  it('reads or refuses whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (nodes, edges) => {
        try {
          parseGraph(bytes({ nodes, edges }), 'graph');
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError);
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe('channels', () => {
  it.each(['stable-4.14', 'fast-4.9', 'eus-4.16', 'candidate-4.20'])('%s is one', (name) => {
    expect(formatChannel(parseChannel(name))).toBe(name);
  });

  it.each([
    'stable',
    'stable-4',
    'stable-4.14.1',
    'nightly-4.14',
    'Stable-4.14',
    'stable-4.014',
    ' eus-4.14',
  ])('%j is none', (name) => {
    expect(() => parseChannel(name)).toThrow('is no channel of OpenShift');
  });

  it('near are those of the minor version and those beside it', () => {
    expect(channelsNear({ kind: 'eus', minor: 15 }).map(formatChannel)).toEqual([
      'eus-4.14',
      'eus-4.16',
      'stable-4.15',
      'fast-4.15',
      'candidate-4.15',
    ]);
  });

  it('the widest of a release candidate is that of its minor version', () => {
    expect(widestChannelOf('4.17.0-rc.1')).toEqual({ kind: 'candidate', minor: 17 });
    expect(widestChannelOf('latest')).toBeUndefined();
  });
});

describe('releases of a graph', () => {
  const candidates = graph('4.14.1', '4.14.2-rc.1', '4.13.40', '4.14.0', '4.14.7');

  it('the newest is the highest of a minor version, and none where there is none of it', () => {
    expect(newestRelease(candidates, 14)?.version.text).toBe('4.14.7');
    expect(newestRelease(candidates, 13)?.version.text).toBe('4.13.40');
    expect(newestRelease(graph('4.14.0', '4.15.0-rc.0'), 15)?.version.text).toBe('4.15.0-rc.0');
    expect(newestRelease(candidates, 15)).toBeUndefined();
  });

  it('are found by their version, as it is written', () => {
    expect(findRelease(candidates, '4.14.2-rc.1')?.version.text).toBe('4.14.2-rc.1');
    expect(findRelease(candidates, '4.14.2')).toBeUndefined();
  });

  it.each([
    ['4.14.2', ['4.14.1', '4.14.2-rc.1', '4.14.7']],
    ['4.12.0', ['4.13.40', '4.14.0']],
    ['4.15.0', ['4.14.2-rc.1', '4.14.7']],
  ])('near %s are those below and above', (version, near) => {
    expect(versionsNear(candidates, version)).toEqual(near);
  });
});
