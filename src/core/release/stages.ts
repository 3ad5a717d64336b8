/**
 * Components of the payload that run before the disk is written: what the assisted agent checks, and what bootkube
 * runs in the live system on a single node (openshift/installer, data/bootstrap: bootkube.sh; assisted-service,
 * container_image_availability_cmd.go). A component that a release does not have is no loss; one that is missing
 * here costs a pull from the network.
 */
export const discoveryComponents: ReadonlySet<string> = new Set([
  'cloud-credential-operator',
  'cluster-bootstrap',
  'cluster-config-api',
  'cluster-config-operator',
  'cluster-etcd-operator',
  'cluster-ingress-operator',
  'cluster-kube-apiserver-operator',
  'cluster-kube-controller-manager-operator',
  'cluster-kube-scheduler-operator',
  'cluster-network-operator',
  'cluster-node-tuning-operator',
  'cluster-policy-controller',
  'etcd',
  'hyperkube',
  'machine-config-operator',
  'must-gather',
  'pod',
]);

/**
 * What the first units of the installed node run, before the kubelet starts anything: the machine config daemon's
 * pull and firstboot, and nodeip-configuration (machine-config-operator, templates/common).
 */
export const firstComponents: ReadonlySet<string> = new Set([
  'baremetal-runtimecfg',
  'machine-config-operator',
  'pod',
]);
