import type { CatalogRequest, ChannelRequest, PackageRequest, SelectionRules } from './image-set.ts';
import { passOverPlatforms, passOverTargets, referenceAt } from './read-images.ts';
import { readRange } from './read-range.ts';
import type { Fields, Keys, Place, StrictNodes } from './strict-nodes.ts';

const inV1 = 'it belongs to v1alpha2';
const inV2 = 'it belongs to v2alpha1';

const catalogKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: {
    known: [
      'catalog',
      'packages',
      'full',
      'skipDependencies',
      'targetName',
      'targetCatalog',
      'targetTag',
      'originalRef',
    ],
    foreign: { targetCatalogSourceTemplate: inV2, platforms: inV2 },
  },
  v2alpha1: {
    known: [
      'catalog',
      'packages',
      'full',
      'skipDependencies',
      'targetCatalog',
      'targetTag',
      'targetCatalogSourceTemplate',
      'platforms',
    ],
    foreign: { targetName: `${inV1}; use targetCatalog`, originalRef: inV1 },
  },
};

const packageKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: {
    known: ['name', 'channels', 'minVersion', 'maxVersion', 'minBundle'],
    foreign: { defaultChannel: inV2, bundles: inV2 },
  },
  v2alpha1: {
    known: ['name', 'channels', 'minVersion', 'maxVersion', 'defaultChannel', 'bundles'],
    foreign: { minBundle: inV1 },
  },
};

const channelKeys: Readonly<Record<SelectionRules, Keys>> = {
  v1alpha2: { known: ['name', 'minVersion', 'maxVersion', 'minBundle'] },
  v2alpha1: { known: ['name', 'minVersion', 'maxVersion'], foreign: { minBundle: inV1 } },
};

/** `mirror.operators` */
export function readCatalogRequests(
  place: Place | undefined,
  rules: SelectionRules,
  nodes: StrictNodes,
): readonly CatalogRequest[] {
  return nodes.items(place).flatMap((item) => {
    const fields = nodes.fields(item, catalogKeys[rules]);
    if (fields === undefined) return [];
    passOver(fields, nodes);
    nodes.required(fields, 'catalog');
    const catalog = referenceAt(fields.get('catalog'), nodes);
    const full = nodes.flag(fields.get('full'));
    const packages = nodes
      .items(fields.get('packages'))
      .flatMap((each) => packageAt(each, rules, nodes) ?? []);
    return catalog === undefined ? [] : [{ catalog, full, packages, rules }];
  });
}

function passOver(fields: Fields, nodes: StrictNodes): void {
  passOverTargets(
    fields,
    ['targetName', 'targetCatalog', 'targetTag', 'targetCatalogSourceTemplate', 'originalRef'],
    nodes,
  );
  passOverPlatforms(fields, nodes);
  nodes.flag(fields.get('skipDependencies'));
}

function packageAt(item: Place, rules: SelectionRules, nodes: StrictNodes): PackageRequest | undefined {
  const fields = nodes.fields(item, packageKeys[rules]);
  if (fields === undefined) return undefined;
  const name = nodes.required(fields, 'name');
  const range = readRange(fields, nodes);
  const channels = nodes.items(fields.get('channels')).flatMap((each) => channelAt(each, rules, nodes) ?? []);
  const defaultChannel = nodes.text(fields.get('defaultChannel'));
  const bundles = nodes.items(fields.get('bundles')).flatMap((each) => {
    const bundle = nodes.fields(each, { known: ['name'] });
    return (bundle && nodes.required(bundle, 'name')) ?? [];
  });
  if (name === undefined) return undefined;
  return {
    name,
    ...range,
    ...(defaultChannel === undefined ? {} : { defaultChannel }),
    ...startAt(fields, nodes),
    channels,
    bundles,
  };
}

function channelAt(item: Place, rules: SelectionRules, nodes: StrictNodes): ChannelRequest | undefined {
  const fields = nodes.fields(item, channelKeys[rules]);
  if (fields === undefined) return undefined;
  const name = nodes.required(fields, 'name');
  const request = { ...readRange(fields, nodes), ...startAt(fields, nodes) };
  return name === undefined ? undefined : { name, ...request };
}

function startAt(fields: Fields, nodes: StrictNodes): { readonly minBundle?: string } {
  const minBundle = nodes.text(fields.get('minBundle'));
  return minBundle === undefined ? {} : { minBundle };
}
