import { describe, expect, it } from 'vitest';
import payload from '../../../test/fixtures/release/image-references-4.12.0.json' with { type: 'json' };
import { parseReference } from '../oci/reference.ts';
import { type HubVersions, placeComponent, placeHubImage, priorityOf } from './place-image.ts';

const components = payload.spec.tags.map(({ name }) => name);
const inDiscovery = (name: string, release: string) =>
  placeComponent(name, release, undefined).groups.includes('ai');
const priority = (name: string, release: string, hub?: HubVersions) =>
  placeComponent(name, release, hub).priority;

describe('placeComponent', () => {
  it('takes from the real payload of 4.12.0 what the agent and bootkube use', () => {
    expect(components.filter((name) => inDiscovery(name, '4.12.0')).toSorted()).toEqual([
      'cloud-credential-operator',
      'cluster-bootstrap',
      'cluster-config-operator',
      'cluster-etcd-operator',
      'cluster-ingress-operator',
      'cluster-kube-apiserver-operator',
      'cluster-kube-controller-manager-operator',
      'cluster-kube-scheduler-operator',
      'cluster-policy-controller',
      'etcd',
      'hyperkube',
      'machine-config-operator',
      'must-gather',
      'pod',
    ]);
  });

  it.each([
    ['cluster-node-tuning-operator', '4.12.9', false],
    ['cluster-node-tuning-operator', '4.13.0', true],
    ['cluster-config-api', '4.14.30', false],
    ['cluster-config-api', '4.15.0-rc.1', true],
    ['cluster-authentication-operator', '4.18.1', false],
    ['cluster-authentication-operator', '4.19.0', true],
    ['cluster-authentication-operator', '5.0.0', true],
    ['cluster-authentication-operator', 'nightly', true],
    ['ironic', '4.19.0', false],
    ['console', '4.19.0', false],
  ])('knows whether %s is used in the discovery stage of %s', (name, release, expected) => {
    expect(inDiscovery(name, release)).toBe(expected);
  });

  it('loads by the time of use', () => {
    const order = [
      'machine-config-operator',
      'baremetal-runtimecfg',
      'pod',
      'cluster-etcd-operator',
      'etcd',
      'hyperkube',
      'must-gather',
      'multus-cni',
      'console',
      'rhel-coreos-8',
      'aws-ebs-csi-driver',
    ];
    const priorities = order.map((name) => priority(name, '4.12.0'));
    expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
    expect(new Set(priorities).size).toBe(order.length);
  });

  it.each<[string, HubVersions | undefined, boolean]>([
    ['4.17.0', { acm: '2.9.3' }, true],
    ['4.17.0', { mce: '2.4' }, true],
    ['4.17.0', { acm: '2.10.0' }, false],
    ['4.17.0', { mce: '2.5.1' }, false],
    ['4.17.0', undefined, false],
    ['4.16.0', { acm: '2.9.3' }, false],
  ])(
    'loads the operating system of %s early only where a hub like %o leaves it to the node',
    (release, hub, first) => {
      expect(priority('rhel-coreos', release, hub) < priorityOf('bootstrap')).toBe(first);
    },
  );

  it('names who needs what, and nobody for the drivers of clouds', () => {
    expect(placeComponent('aws-ebs-csi-driver', '4.14.7', undefined).needs).toEqual([]);
    expect(placeComponent('etcd', '4.14.7', undefined).needs).toContainEqual({
      group: 'ai',
      required: true,
      by: 'bootkube renders the first manifests with it',
    });
  });
});

describe('placeHubImage', () => {
  it.each([
    ['quay.io/edge-infrastructure/assisted-installer-agent:latest', ['ai']],
    ['registry.redhat.io/multicluster-engine/assisted-installer-rhel8:v2.4', ['ai']],
    ['registry.redhat.io/multicluster-engine/assisted-installer-reporter-rhel8:v2.4', ['ocp']],
    ['registry.redhat.io/multicluster-engine/assisted-service-9-rhel9:v2.7', undefined],
  ])('places %s', (text, groups) => {
    expect(placeHubImage(parseReference(text))?.groups).toEqual(groups);
  });
});
