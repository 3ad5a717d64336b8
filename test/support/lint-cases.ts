import { hooked, type Override, override, type SiteValues, script } from './lint-site.ts';

/** Sites that break a rule, and sites that do not; a text is one that no value makes. */
export interface RuleCase {
  readonly bad: readonly (SiteValues | string)[];
  readonly good: readonly (SiteValues | string)[];
  /** Checked with a passport. */
  readonly partition?: true;
}

type Change = (value: ReturnType<typeof hooked>) => void;

const cluster = (change: Change): SiteValues => ({ cluster: changed('discovery', change) });
const node = (change: Change): SiteValues => ({ node: changed('installation', change) });
const args = (...items: unknown[]): SiteValues => ({ args: items });
const saved = (...items: unknown[]): SiteValues => args('--save-partlabel', 'data', ...items);

function changed(stage: 'discovery' | 'installation', change: Change): Override {
  const value = hooked(stage);
  change(value);
  return value;
}

/** Our own units, the contents of one replaced by way of a function. */
const unit =
  (name: string, change: (contents: string) => string): Change =>
  ({ systemd }) => {
    for (const item of systemd.units) {
      if (item['name'] === name) item['contents'] = change(String(item['contents']));
    }
  };
const ai = (change: (contents: string) => string): SiteValues =>
  cluster(unit('precache-images.service', change));
const ocp = (change: (contents: string) => string): SiteValues =>
  node(unit('precache-ocp-images.service', change));
const mount = (change: (contents: string) => string): SiteValues => cluster(unit('var-mnt.mount', change));

const files =
  (...items: Record<string, unknown>[]): Change =>
  ({ storage }) =>
    storage.files.push(...items);

/** A discovery override whose loader runs this text. */
const loader = (text: string): SiteValues => ({
  cluster: changed('discovery', ({ storage }) => {
    storage.files = [script('/usr/local/bin/extract-ai.sh', text)];
  }),
});

const seedUnit = (directives: string) =>
  `[Unit]\nBefore=agent.service\n${directives}\n[Service]\nType=oneshot\nTimeoutStartSec=9min\nExecStart=bash /usr/local/bin/extract-ai.sh\n[Install]\nWantedBy=multi-user.target`;
const plainMount = '[Mount]\nWhat=/dev/disk/by-partlabel/data\nWhere=/var/mnt\n';

/** Discovery with units of somebody's own. */
const own = (service: string, mountUnit: Record<string, unknown>): SiteValues => ({
  cluster: override(
    [
      { name: 'precache-images.service', enabled: true, contents: service },
      { name: 'var-mnt.mount', ...mountUnit },
    ],
    [script('/usr/local/bin/extract-ai.sh', '#!/bin/bash\ncat ai-images.txt\n')],
  ),
});

const kib = (count: number): string => 'x'.repeat(count * 1024);
/** Text that does not compress. */
const noise = (count: number): string => {
  let [state, text] = [1, ''];
  while (text.length < count * 1024) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += state.toString(36);
  }
  return text;
};

export const siteCases: Readonly<Record<string, RuleCase>> = {
  'site/yaml': { bad: ['a: [', 'a: "\ufffd"'], good: ['', 'a: b', '# nothing'] },
  'site/bomb': { bad: ['['.repeat(2000), '&a '.repeat(50)], good: ['[[[]]]'] },
  'site/alias': { bad: ['a: *b'], good: ['a: &b c\nd: *b'] },
  'site/structure': {
    bad: [
      'apiVersion: ran.openshift.io/v1\nkind: SiteConfig\n',
      'apiVersion: ran.openshift.io/v1\nkind: SiteConfig\nspec: {clusters: []}\n',
      'apiVersion: ran.openshift.io/v9\nkind: SiteConfig\nspec: {}\n',
    ],
    good: ['kind: ConfigMap\n'],
  },
  'site/field-type': {
    bad: [{ clusterFields: { ignitionConfigOverride: {} } }, { nodeFields: { installerArgs: [] } }],
    good: [{ clusterFields: { ignitionConfigOverride: null } }],
  },
  'site/misspelt-field': {
    bad: [
      { args: undefined, nodeFields: { installerArg: '[]' } },
      { cluster: undefined, clusterFields: { ignitionConfigOverrides: '{}' } },
      { cluster: undefined, clusterFields: { IgnitionConfigOverride: '{}' } },
    ],
    good: [{ clusterFields: { installConfigOverrides: '{}', installerVersion: '1' } }],
  },
  'site/misplaced-field': {
    bad: [{ clusterFields: { installerArgs: '[]' } }],
    good: [{ clusterFields: { installConfigOverrides: '{}' } }],
  },
  'site/apostrophe': {
    bad: [
      { kind: 'ClusterInstance', raw: true, ...saved('--append-karg', "a='b'") },
      {
        kind: 'ClusterInstance',
        raw: true,
        ...cluster(files({ path: '/etc/own', contents: { source: "data:,it's" } })),
      },
    ],
    good: [
      { raw: true, ...saved('--append-karg', "a='b'") },
      { kind: 'ClusterInstance', args: '["--save-partlabel", "data", "--append-karg", "a=\\u0027b"]' },
    ],
  },
  'site/annotation-size': {
    bad: [node(files({ path: '/etc/own', contents: { source: `data:,${kib(260)}` } }))],
    good: [node(files({ path: '/etc/own', contents: { source: `data:,${kib(150)}` } }))],
  },
  'site/annotation-apply': {
    bad: [node(files({ path: '/etc/own', contents: { source: `data:,${kib(150)}` } }))],
    good: [node(files({ path: '/etc/own', contents: { source: `data:,${kib(60)}` } }))],
  },
};

export const ignitionCases: Readonly<Record<string, RuleCase>> = {
  'ignition/archive-size': {
    bad: [cluster(files({ path: '/etc/own', contents: { source: `data:,${noise(600)}` } }))],
    good: [cluster(files({ path: '/etc/own', contents: { source: `data:,${kib(600)}` } }))],
  },
  'ignition/json': {
    bad: [{ cluster: '{' }, { node: '{"a": 1, "a": 2}' }],
    good: [{ cluster: ' {"ignition": {}} ' }],
  },
  'ignition/mode-octal': {
    bad: [cluster(files({ path: '/etc/own', mode: 755 })), node(files({ path: '/etc/own', mode: 644 }))],
    good: [cluster(files({ path: '/etc/own', mode: 420 }))],
  },
  'ignition/duplicate-entry': {
    bad: [cluster(files({ path: '/etc/own' }, { path: '/etc/own' }))],
    good: [cluster(files({ path: '/etc/own' }, { path: '/etc/other' }))],
  },
  'ignition/unknown-key': {
    bad: [cluster(files({ path: '/etc/own', contentz: {} }))],
    good: [cluster(files({ path: '/etc/own', contents: {} }))],
  },
  'ignition/unit-without-install': {
    bad: [ai((text) => text.slice(0, text.indexOf('[Install]')))],
    good: [mount((text) => text)],
  },
  'ignition/version-refused': {
    bad: [cluster((value) => Object.assign(value, { ignition: { version: '3.4.0' } }))],
    good: [cluster((value) => Object.assign(value, { ignition: { version: '3.2.0' } }))],
  },
  'ignition/version-missing': {
    bad: [cluster((value) => Object.assign(value, { ignition: {} }))],
    good: [cluster((value) => Object.assign(value, { ignition: { version: '3.2.0' } }))],
  },
  'ignition/world-writable': {
    bad: [
      cluster(files({ path: '/etc/own', mode: 438 })),
      node(({ storage }) => Object.assign(storage, { directories: [{ path: '/etc/own', mode: 511 }] })),
    ],
    good: [cluster(files({ path: '/etc/own', mode: 493 }))],
  },
  'ignition/mco-path': {
    bad: [node(files({ path: '/etc/containers/registries.conf' }))],
    good: [
      cluster(files({ path: '/etc/containers/registries.conf' })),
      node(files({ path: '/etc/containers/registries.conf.d/own.conf' })),
    ],
  },
  'ignition/volatile-path': {
    bad: [cluster(files({ path: '/run/own' })), node(files({ path: '/tmp/own' }))],
    good: [cluster(files({ path: '/etc/run/own' }))],
  },
  'ignition/wipe-table': {
    bad: [
      node(({ storage }) => Object.assign(storage, { disks: [{ device: '/dev/sda', wipeTable: true }] })),
    ],
    good: [
      node(({ storage }) => Object.assign(storage, { disks: [{ device: '/dev/sda', wipeTable: false }] })),
    ],
  },
};

export const argsCases: Readonly<Record<string, RuleCase>> = {
  'installer-args/json': {
    bad: [{ args: '--append-karg x' }, { args: '{}' }, args(1)],
    good: [{ args: undefined }],
  },
  'installer-args/flag': {
    bad: [saved('--insecure-ignition'), saved('-u', 'x'), args('--save-partindex', '-7')],
    good: [saved('-n', '--copy-network', '--append-karg', 'a=b')],
  },
  'installer-args/joined': { bad: [args('--save-partlabel=data')], good: [saved('--append-karg', 'a=b')] },
  'installer-args/characters': {
    bad: [saved('--append-karg', 'a b'), saved('--append-karg', 'a=é'), saved('--append-karg', '')],
    good: [saved('--append-karg', 'a<b;:{}[]"')],
  },
  'installer-args/no-value': {
    bad: [args('--save-partlabel'), args('--save-partlabel', '--copy-network')],
    good: [saved('-n')],
  },
  'installer-args/stray': { bad: [saved('/dev/sda'), args('data')], good: [saved('--append-karg', 'data')] },
  'installer-args/duplicate': {
    bad: [saved('--save-partlabel', 'data')],
    good: [saved('--save-partlabel', 'other', '--append-karg', 'data')],
  },
  'installer-args/label-glob': {
    bad: [args('--save-partlabel', 'da*'), args('--save-partlabel', '[d]ata')],
    good: [saved('--append-karg', 'a=*')],
  },
};

export const unitCases: Readonly<Record<string, RuleCase>> = {
  'boot/not-enabled': {
    bad: [
      cluster(({ systemd }) => {
        for (const item of systemd.units) delete item['enabled'];
      }),
    ],
    good: [{ cluster: undefined }],
  },
  'boot/unit-name': {
    bad: [
      mount((text) => text.replace('[Unit]', '[Unit]\nBefore=precache-images.services')),
      ai((text) => text.replace('[Unit]', '[Unit]\nAfter=precache-other.service')),
      node(({ systemd }) =>
        systemd.units.push({ name: 'own.service', contents: '[Unit]\nAfter=precache-images.service' }),
      ),
    ],
    good: [
      ai((text) => text.replace('[Unit]', '[Unit]\nAfter=var-mnt.mount chronyd.service own@%i.service')),
    ],
  },
  'boot/type': {
    bad: [ai((text) => text.replace('Type=oneshot\n', '')), ocp((text) => text.replace('oneshot', 'simple'))],
    good: [ai((text) => text.replace('Type=oneshot', 'Type = oneshot'))],
  },
  'boot/no-timeout': {
    bad: [
      ai((text) => text.replace(/TimeoutStartSec=.*\n/, '')),
      ocp((text) => text.replace(/TimeoutStartSec=.*\n/, 'TimeoutStartSec=infinity\n')),
    ],
    good: [ai((text) => text.replace('TimeoutStartSec', 'TimeoutSec'))],
  },
  'boot/disables-itself': {
    bad: [
      ai((text) =>
        text.replace('[Install]', 'ExecStopPost=systemctl disable precache-images.service\n[Install]'),
      ),
    ],
    good: [ai((text) => text.replace('[Install]', '#ExecStopPost=systemctl disable x\n[Install]'))],
  },
  'boot/missing-script': {
    bad: [cluster(({ storage }) => storage.files.splice(0))],
    good: [ai((text) => text.replace('/usr/bin/bash ', '/usr/bin/env bash '))],
  },
  'boot/wrong-script': {
    bad: [ai((text) => text.replace('extract-ai', 'extract-ocp'))],
    good: [{ node: undefined }],
  },
  'boot/ordering': {
    bad: [
      ai((text) => text.replace('Before=agent.service', '')),
      ai((text) => text.replace('Before=agent.service', 'Before=agent.service\nBefore=')),
      ocp((text) => text.replace('nodeip-configuration.service', '')),
    ],
    good: [
      cluster((value) => {
        unit('precache-images.service', (text) => text.replace('Before=agent.service', ''))(value);
        const contents = '[Unit]\nAfter=precache-images.service';
        value.systemd.units.push({ name: 'agent.service', dropins: [{ name: 'a.conf', contents }] });
      }),
    ],
  },
  'boot/ordering-reversed': {
    bad: [
      ai((text) => text.replace('Before=agent.service', 'Before=agent.service\nAfter=agent.service')),
      ocp((text) => text.replace('After=crio-wipe.service', 'After=crio-wipe.service kubelet.service')),
    ],
    good: [ai((text) => text.replace('[Unit]', '[Unit]\nAfter=network-online.target'))],
  },
  'boot/mount-order': {
    bad: [
      own(seedUnit('Requires=var-mnt.mount'), { contents: plainMount }),
      own(seedUnit('After=var-mnt.mount'), { contents: plainMount }),
    ],
    good: [
      own(seedUnit('Requires=var-mnt.mount\nAfter=var-mnt.mount'), { contents: plainMount }),
      own(seedUnit('RequiresMountsFor=/var/mnt'), { contents: plainMount }),
      own(seedUnit('After=var-mnt.mount'), {
        enabled: true,
        contents: `${plainMount}[Install]\nRequiredBy=precache-images.service`,
      }),
    ],
  },
  'boot/mount-left': {
    bad: [
      own(seedUnit('RequiresMountsFor=/var/mnt'), { contents: plainMount }),
      {
        cluster: override(
          [{ name: 'precache-images.service', enabled: true, contents: seedUnit('') }],
          [script('/usr/local/bin/extract-ai.sh', '#!/bin/bash\nmount /dev/sda5 /tmp/x\n')],
        ),
      },
    ],
    good: [
      own(seedUnit('RequiresMountsFor=/var/mnt'), {
        contents: `[Unit]\nStopWhenUnneeded=true\n${plainMount}`,
      }),
    ],
  },
  'boot/mount-name': {
    bad: [
      cluster(({ systemd }) =>
        systemd.units.push({ name: 'data.mount', contents: '[Mount]\nWhere=/srv/data\n' }),
      ),
    ],
    good: [
      cluster(({ systemd }) =>
        systemd.units.push({ name: 'srv-my\\x2ddata.mount', contents: '[Mount]\nWhere=/srv/my-data/\n' }),
      ),
    ],
  },
};

export const labelCases: Readonly<Record<string, RuleCase>> = {
  'boot/not-saved': {
    bad: [{ args: undefined }, args('--copy-network')],
    good: [
      args('--save-partindex', '5'),
      args('--save-partlabel', 'd*'),
      { args: undefined, cluster: undefined, node: undefined },
    ],
  },
  'boot/label-mismatch': {
    bad: [
      args('--save-partlabel', 'other'),
      args('--save-partlabel', 'x*a'),
      mount((text) => text.replace('by-partlabel/data', 'by-partlabel/other')),
    ],
    good: [args('--save-partlabel', 'own,data'), args('--save-partlabel', '*t*')],
  },
  'boot/missing-hooks': {
    bad: [{ cluster: undefined }, { node: undefined }, { node: override([]) }],
    good: [{ cluster: undefined, node: undefined, args: undefined }],
  },
};

export const scriptCases: Readonly<Record<string, RuleCase>> = {
  'boot/wrong-list': {
    bad: [loader('#!/bin/bash\ncat /var/mnt/ocp-images.txt\n')],
    good: [loader('#!/bin/bash\n# not ocp-images.txt\ncat /var/mnt/ai-images.txt\n')],
  },
  'boot/exit-zero': {
    bad: [loader('#!/bin/bash\nskopeo copy a b\n\nexit 0\n# end\n')],
    good: [
      loader('#!/bin/bash\nset -e\nskopeo copy a b\nexit 0\n'),
      loader('#!/bin/bash\nexit 0\n'),
      loader('#!/bin/bash\nskopeo copy a b\nexit $?\n'),
    ],
  },
  'boot/agent-fix': {
    bad: [cluster(files(script('/usr/local/bin/agent-fix-bz1964591', '#!/bin/sh\n')))],
    good: [node(files(script('/usr/local/bin/agent-fix-bz1964591', '#!/bin/sh\n')))],
  },
  'boot/stale-variable': {
    bad: [
      loader(
        `#!/bin/bash\nwhile read -r line; do\n  echo "$name"\n  name=\${line##*/}\ndone <ai-images.txt\n`,
      ),
    ],
    good: [
      loader(
        `#!/bin/bash\nname=\nwhile read -r line; do\n  echo "$name"\n  name=\${line##*/}\ndone <ai-images.txt\n`,
      ),
      loader(
        `#!/bin/bash\nwhile read -r line; do\n  name=\${line##*/}\n  echo "$name" "$line"\ndone <ai-images.txt\n`,
      ),
    ],
  },
  'boot/leaked-variable': {
    bad: [
      loader(
        '#!/bin/bash\nfor a in 1 2; do\n  load "$a"\ndone\nfor b in 3; do\n  echo "$b"\n  load "$a"\ndone\n',
      ),
    ],
    good: [
      loader('#!/bin/bash\nfor a in 1 2; do\n  load "$a"\ndone\nfor b in 3; do\n  load "$b" "$a"\ndone\n'),
    ],
  },
  'boot/removes-other-file': {
    bad: [loader(`#!/bin/bash\ntar zxvf \${tar}.tgz\nrm -f \${tar}.gz\n`)],
    good: [loader(`#!/bin/bash\ntar zxvf \${tar}.tgz\nrm -f \${tar}.tgz\n`)],
  },
  'boot/unpacks-on-partition': {
    bad: [
      cluster((value) => {
        value.storage.files = [script('/usr/local/bin/extract-ai.sh', '#!/bin/bash\ntar xf a.tgz\n')];
        unit('precache-images.service', (text) =>
          text.replace('[Install]', 'WorkingDirectory=/var/mnt\n[Install]'),
        )(value);
      }),
    ],
    good: [loader('#!/bin/bash\ntar xf a.tgz\n'), loader('#!/bin/bash\ntar -C /var/tmp -xf a.tgz\n')],
  },
  'boot/first-colon': {
    bad: [loader(`#!/bin/bash\nname=$(basename "\${uri/:/_}")\n`)],
    good: [loader(`#!/bin/bash\nname=$(basename "\${uri//:/_}")\n`)],
  },
  'boot/removes-mounted': {
    bad: [loader('#!/bin/bash\numount "$d"\nrm -rf "$d"\n')],
    good: [
      loader('#!/bin/bash\numount "$d" || exit 1\nrm -rf "$d"\n'),
      loader('#!/bin/bash\numount "$d"\nrmdir "$d"\n'),
    ],
  },
};

export const stagedCases: Readonly<Record<string, RuleCase>> = {
  'boot/release-not-staged': {
    partition: true,
    bad: [{ imageSet: 'img4.14.8-x86-64-appsub' }, { imageSet: 'openshift-4.15' }, { imageSet: 'other' }],
    good: [
      { imageSet: 'img4.14.7-x86-64-appsub' },
      { imageSet: 'openshift-4.14' },
      { imageSet: 'by-digest' },
      { imageSet: 'x' },
    ],
  },
  'boot/tag-not-staged': {
    partition: true,
    bad: [{ imageSet: 'by-tag' }],
    good: [{ imageSet: 'by-digest' }],
  },
  'boot/image-not-staged': {
    partition: true,
    bad: [
      loader('#!/bin/bash\npodman pull registry.lab:5000/own/tool:v1\n'),
      cluster(({ systemd }) =>
        systemd.units.push({
          name: 'own.service',
          contents: '[Service]\nExecStart=podman run quay.io/own/tool:v1\n',
        }),
      ),
    ],
    good: [
      loader(`#!/bin/bash\npodman pull quay.io/openshift-release-dev/ocp-release@sha256:${'a'.repeat(64)}\n`),
      loader('#!/bin/bash\n# podman pull quay.io/own/tool:v1\n'),
    ],
  },
};

/** A case or more for every rule. */
export const ruleCases: Readonly<Record<string, RuleCase>> = {
  ...siteCases,
  ...ignitionCases,
  ...argsCases,
  ...unitCases,
  ...labelCases,
  ...scriptCases,
  ...stagedCases,
};
