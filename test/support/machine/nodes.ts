import { parseDocument } from 'yaml';
import { encodeDataUrl } from '../../../src/core/ignition/data-url.ts';

/** What `siteconfig` wrote into the first cluster and its first node. */
export interface Hooks {
  readonly clusterOverride: string;
  readonly installerArgs: readonly string[];
  readonly nodeOverride: string;
}

/** Reads the three fields of an edited SiteConfig. */
export function hooksOf(siteConfig: string): Hooks {
  const document = parseDocument(siteConfig);
  const field = (...path: (string | number)[]) => String(document.getIn(['spec', 'clusters', 0, ...path]));
  return {
    clusterOverride: field('ignitionConfigOverride'),
    installerArgs: JSON.parse(field('nodes', 0, 'installerArgs')) as string[],
    nodeOverride: field('nodes', 0, 'ignitionConfigOverride'),
  };
}

export interface NodeOptions {
  /** The installed node reads every image out of its storage at the end, all layers against their digests. */
  readonly readsImages?: true;
  /** What is pulled on it, by its name, once everybody has started: see `pull`. */
  readonly pulls?: readonly string[];
  /** What is pulled in the discovery, while the disk is written and afterwards. */
  readonly discoveryPulls?: readonly string[];
}

/**
 * The config of the live system: the hub's, of which only the agent is played, the cluster's override merged by
 * Ignition itself. The agent installs when the machine has the disk with the installer's image. When units start, the
 * console shows "units start".
 */
export function discoveryConfig(hooks: Hooks, options: NodeOptions = {}): unknown {
  const agent = unit('agent.service', {
    unit: 'Wants=network-online.target\nAfter=network-online.target',
    service: `ExecStart=${tools}/agent\nExecStopPost=/usr/bin/systemctl poweroff --no-block`,
  });
  const sign = unit('sign.service', {
    unit: '',
    service: 'StandardOutput=journal+console\nExecStart=/usr/bin/echo units start',
  });
  return merged(hooks.clusterOverride, {
    systemd: { units: [agent, sign] },
    storage: {
      files: [
        file(`${tools}/installer-args.json`, JSON.stringify(hooks.installerArgs)),
        file(`${tools}/node.ign`, JSON.stringify(installedConfig(hooks, options))),
        ...pullsFile(options.discoveryPulls),
      ],
    },
  });
}

/** The units whose place in the boot matters, as the machine config operator and CRI-O order them among each other. */
const users = {
  'machine-config-daemon-pull': 'Wants=crio-wipe.service\nAfter=crio-wipe.service',
  'nodeip-configuration': 'Before=crio.service',
  crio: 'After=crio-wipe.service',
  kubelet: 'Wants=crio.service\nAfter=crio.service',
};

/** The users of the images on the installed node, by the name under which each tells what it saw. */
export const imageUsers: readonly string[] = Object.keys(users);

/** The config of the installed node: the units of the operating system are played; the last of them ends the boot. */
function installedConfig(hooks: Hooks, { readsImages, pulls }: NodeOptions): unknown {
  const standIn = (name: string, order: string) =>
    unit(`${name}.service`, { unit: order, service: `RemainAfterExit=yes\nExecStart=${tools}/look ${name}` });
  const last = unit('last.service', {
    unit: `After=${imageUsers.map((name) => `${name}.service`).join(' ')}`,
    service: `${pulls ? `ExecStartPre=${tools}/pull var-mnt.mount\n` : ''}${readsImages ? `ExecStartPre=${tools}/read-images\n` : ''}ExecStart=${tools}/look last\nExecStopPost=/usr/bin/systemctl poweroff --no-block`,
  });
  return merged(hooks.nodeOverride, {
    systemd: {
      units: [
        standIn('crio-wipe', 'Before=crio.service'),
        ...Object.entries(users).map(([name, order]) => standIn(name, order)),
        last,
      ],
    },
    storage: { files: pullsFile(pulls) },
  });
}

function pullsFile(pulls: readonly string[] | undefined): object[] {
  return pulls ? [file(`${tools}/pulls`, pulls.map((name) => `${name}\n`).join(''))] : [];
}

const tools = '/usr/libexec/e2e';

function merged(override: string, config: object): unknown {
  const merge = [{ source: encodeDataUrl(override) }];
  return { ignition: { version: '3.1.0', config: { merge } }, ...config };
}

function unit(name: string, sections: { readonly unit: string; readonly service: string }): object {
  const contents = [
    `[Unit]\n${sections.unit}\n`,
    `[Service]\nType=oneshot\nTimeoutStartSec=infinity\n${sections.service}\n`,
    '[Install]\nWantedBy=multi-user.target\n',
  ].join('');
  return { name, enabled: true, contents };
}

function file(path: string, content: string): object {
  return { path, mode: 420, contents: { source: encodeDataUrl(content) } };
}
