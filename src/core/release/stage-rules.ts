import type { Group } from '../staging/passport.ts';

/**
 * What is loaded before what, by when it is needed first: the agent of the live system; the release image; the first
 * units of the installed node; the bootstrap, in the order it runs them; what is only checked; what makes the node
 * ready; the rest of the release, operators, other images; what is loaded in case; what a bare-metal node never runs.
 */
export const loadOrder = [
  'agent',
  'release',
  'first',
  'bootstrap',
  'check',
  'network',
  'component',
  'operator',
  'additional',
  'reserve',
  'elsewhere',
] as const;
export type LoadClass = (typeof loadOrder)[number];

/** Of `X.Y` versions; `since` is in it, `before` is not. No bound holds for all. */
export interface VersionRange {
  readonly since?: string;
  readonly before?: string;
}

/** One fact: in some releases, some components are needed at some time, and by whom. */
export interface StageRule {
  /** Names in the release payload, in the order of their use. */
  readonly components: readonly string[];
  /** Or what names begin with. */
  readonly prefixes?: readonly string[];
  readonly releases?: VersionRange;
  /** Versions of Advanced Cluster Management; one that is not known counts as the newest. */
  readonly hubs?: VersionRange;
  readonly groups: readonly Group[];
  readonly load: LoadClass;
  /** Whether the installation cannot go on without it. */
  readonly required: boolean;
  /** Who needs it: `bootkube renders …`. Undefined where nobody on such a node does. */
  readonly neededBy?: string;
  readonly source: string;
}

const bootkube = 'openshift/installer data/data/bootstrap/files/usr/local/bin/bootkube.sh.template';

/** All that is known of the components of a release. What no rule names is needed when its pods start. */
export const stageRules: readonly StageRule[] = [
  {
    components: ['machine-config-operator', 'must-gather'],
    groups: ['ai', 'ocp'],
    load: 'check',
    required: true,
    neededBy: 'the assisted agent pulls it before the host may be installed',
    source:
      'openshift/assisted-service internal/host/hostcommands/container_image_availability_cmd.go; must-gather since pull request 1322 (March 2021), before the first Advanced Cluster Management that has the service',
  },
  {
    components: [
      'cluster-etcd-operator',
      'etcd',
      'cluster-config-operator',
      'cluster-kube-apiserver-operator',
      'cluster-kube-controller-manager-operator',
      'cluster-kube-scheduler-operator',
      'cluster-ingress-operator',
      'machine-config-operator',
      'cloud-credential-operator',
    ],
    groups: ['ai', 'ocp'],
    load: 'bootstrap',
    required: true,
    neededBy: 'bootkube renders the first manifests with it',
    source: bootkube,
  },
  {
    components: ['pod', 'hyperkube', 'cluster-policy-controller', 'cluster-bootstrap'],
    groups: ['ai', 'ocp'],
    load: 'bootstrap',
    required: true,
    neededBy: 'the bootstrap control plane runs it',
    source: `${bootkube} (--infra-image, --manifest-image, --cluster-policy-controller-image; cluster-bootstrap, also in bootstrap-in-place.sh)`,
  },
  {
    components: ['cluster-node-tuning-operator'],
    releases: { since: '4.13' },
    groups: ['ai', 'ocp'],
    load: 'bootstrap',
    required: true,
    neededBy: 'bootkube renders performance profiles with it',
    source: 'openshift/installer pull request 6691 (CNF-6362, February 2023)',
  },
  {
    components: ['cluster-config-api'],
    releases: { since: '4.15' },
    groups: ['ai', 'ocp'],
    load: 'bootstrap',
    required: true,
    neededBy: 'bootkube renders the custom resource definitions with it',
    source:
      'openshift/installer pull request 7666, openshift/api 1666 (November 2023; payloads have the image since 4.15)',
  },
  {
    components: ['cluster-authentication-operator'],
    releases: { since: '4.19' },
    groups: ['ai', 'ocp'],
    load: 'bootstrap',
    required: true,
    neededBy: 'bootkube renders RoleBindingRestriction with it',
    source: 'openshift/installer pull request 9424 (CNTRLPLANE-194, February 2025)',
  },
  {
    components: ['machine-config-operator', 'baremetal-runtimecfg', 'pod'],
    groups: ['ocp'],
    load: 'first',
    required: true,
    neededBy: 'the first units of the installed node run it, before the kubelet',
    source:
      'openshift/machine-config-operator templates/common/_base/units: machine-config-daemon-pull, machine-config-daemon-firstboot, nodeip-configuration; pod is the infra image of CRI-O',
  },
  {
    components: [
      'cluster-network-operator',
      'multus-cni',
      'egress-router-cni',
      'container-networking-plugins',
      'network-interface-bond-cni',
      'multus-route-override-cni',
      'multus-whereabouts-ipam-cni',
      'ovn-kubernetes',
      'kube-rbac-proxy',
    ],
    groups: ['ocp'],
    load: 'network',
    required: true,
    neededBy: 'the node is not ready before its network is',
    source:
      'openshift/cluster-network-operator bindata/network/multus, bindata/network/ovn-kubernetes (containers of the daemon sets)',
  },
  {
    components: ['rhel-coreos', 'rhel-coreos-8', 'machine-os-content'],
    groups: ['ocp'],
    load: 'reserve',
    required: false,
    neededBy: 'the operating system is updated to it, where no earlier step did that from the registry',
    source:
      'openshift/assisted-installer src/ops/ops.go OverwriteOsImage and machine-config-operator pkg/daemon/update.go: ostree asks the registry, it reads no container storage',
  },
  {
    components: ['rhel-coreos'],
    releases: { since: '4.17' },
    hubs: { before: '2.10' },
    groups: ['ocp'],
    load: 'first',
    required: false,
    neededBy: 'the machine config daemon updates the operating system from the container storage',
    source:
      'openshift/machine-config-operator 9fcd4b0fb (June 2024); openshift/assisted-service pull requests 5453 and 5680 (September and November 2023) let hubs after that date do it in the live system',
  },
  {
    components: ['csi-driver-manila', 'csi-driver-manila-operator'],
    prefixes: [
      'alibaba-',
      'aws-',
      'azure-',
      'gcp-',
      'ibm-',
      'ibmcloud-',
      'kubevirt-',
      'libvirt-',
      'nutanix-',
      'openstack-',
      'ovirt-',
      'powervs-',
      'vsphere-',
    ],
    groups: ['ocp'],
    load: 'elsewhere',
    required: false,
    source:
      'openshift/cluster-cloud-controller-manager-operator, cluster-storage-operator and machine-api-operator run them on their own platform only',
  },
];

/** A fact about an image of the hub, which no release has. */
export interface HubImageRule
  extends Pick<StageRule, 'groups' | 'load' | 'required' | 'neededBy' | 'source'> {
  /** Of the last element of the repository. */
  readonly image: RegExp;
}

/** Images that the hub tells the live system to run; upstream, for RHEL 8 and for RHEL 9 they end differently. */
export const hubImageRules: readonly HubImageRule[] = [
  {
    image: /^assisted-installer-agent(?:-rhel\d+)?$/,
    groups: ['ai'],
    load: 'agent',
    required: true,
    neededBy: 'agent.service of the live system, and every step that the hub asks of the host',
    source: 'openshift/assisted-service internal/ignition/templates (AGENT_DOCKER_IMAGE)',
  },
  {
    image: /^assisted-installer(?:-rhel\d+)?$/,
    groups: ['ai'],
    load: 'agent',
    required: true,
    neededBy: 'the step that writes the disk',
    source: 'openshift/assisted-installer-agent src/commands/actions/install_cmd.go (INSTALLER_IMAGE)',
  },
  {
    image: /^assisted-installer-(?:controller|reporter)(?:-rhel\d+)?$/,
    groups: ['ocp'],
    load: 'component',
    required: false,
    neededBy: 'the pod that reports the end of the installation to the hub',
    source: 'openshift/assisted-installer (CONTROLLER_IMAGE)',
  },
];
