import type { PlatformChannel, PlatformRequest } from './configuration.ts';
import type { SelectionRules } from './image-set.ts';
import { referenceAt } from './read-images.ts';
import { readRange } from './read-range.ts';
import type { Fields, Keys, Place, StrictNodes } from './strict-nodes.ts';

const inV2 = 'it belongs to v2alpha1';

const platformKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: {
    known: ['graph', 'channels', 'architectures'],
    foreign: { release: inV2, kubeVirtContainer: inV2, platforms: inV2 },
  },
  v2alpha1: { known: ['graph', 'channels', 'architectures', 'platforms', 'release', 'kubeVirtContainer'] },
};

const channelKeys: Keys = {
  known: ['name', 'type', 'minVersion', 'maxVersion', 'shortestPath', 'full'],
};

const architectures = ['amd64', 'arm64', 'ppc64le', 's390x', 'multi'];

/** `mirror.platform` */
export function readPlatform(
  place: Place | undefined,
  rules: SelectionRules,
  nodes: StrictNodes,
): PlatformRequest {
  const fields = place && nodes.fields(place, platformKeys[rules]);
  if (fields === undefined) return { channels: [], architectures: [] };
  passOver(fields, nodes);
  nodes.text(fields.get('release'));
  const release = referenceAt(fields.get('release'), nodes);
  return {
    channels: nodes.items(fields.get('channels')).flatMap((item) => channelAt(item, nodes) ?? []),
    architectures: [
      ...nodes.items(fields.get('architectures')).flatMap((item) => architectureAt(item, nodes) ?? []),
      ...nodes.items(fields.get('platforms')).flatMap((item) => platformAt(item, nodes) ?? []),
    ],
    ...(release === undefined ? {} : { release }),
  };
}

function passOver(fields: Fields, nodes: StrictNodes): void {
  const [graph, kubeVirt] = [fields.get('graph'), fields.get('kubeVirtContainer')];
  if (nodes.flag(graph) && graph !== undefined) {
    nodes.tell(
      'info',
      'passed-over',
      graph.node,
      'the update graph serves a mirror; no server asks for its image',
    );
  }
  if (nodes.flag(kubeVirt) && kubeVirt !== undefined) {
    const message = 'the KubeVirt image of the release is not staged';
    nodes.tell('warning', 'passed-over', kubeVirt.node, message, 'name it under additionalImages');
  }
}

function channelAt(item: Place, nodes: StrictNodes): PlatformChannel | undefined {
  const fields = nodes.fields(item, channelKeys);
  if (fields === undefined) return undefined;
  const type = fields.get('type');
  const typeName = nodes.text(type);
  if (type !== undefined && typeName !== undefined && typeName !== 'ocp') {
    const isOkd = typeName === 'okd';
    nodes.mistake(
      'platform-type',
      type,
      isOkd ? 'releases of OKD cannot be staged by channel' : `"${typeName}" is no type of platform`,
      isOkd ? 'name the release image with --release-image' : 'ocp is the only one that can be staged',
    );
  }
  const name = nodes.required(fields, 'name');
  const range = readRange(fields, nodes);
  const [shortestPath, full] = [nodes.flag(fields.get('shortestPath')), nodes.flag(fields.get('full'))];
  return name === undefined ? undefined : { name, ...range, shortestPath, full };
}

function architectureAt(item: Place, nodes: StrictNodes): string | undefined {
  const name = nodes.text(item);
  if (name === undefined || architectures.includes(name)) return name;
  return nodes.mistake(
    'architecture',
    item,
    `OpenShift has no release for "${name}"`,
    `choose one of ${architectures.join(', ')}`,
  );
}

function platformAt(item: Place, nodes: StrictNodes): string | undefined {
  const fields = nodes.fields(item, { known: ['os', 'architecture'] });
  if (fields === undefined) return undefined;
  nodes.required(fields, 'os');
  const architecture = fields.get('architecture');
  if (architecture === undefined) return nodes.required(fields, 'architecture');
  return architectureAt(architecture, nodes);
}
