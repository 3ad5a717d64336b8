import type { Stage } from '../ignition/boot-hooks.ts';
import { commandsOf, type Loader, mountPoint } from './loaders.ts';
import type { UnitView } from './override-view.ts';
import type { Report, Rule } from './rule.ts';
import type { OverrideView } from './site-view.ts';
import { wordsOf } from './unit-text.ts';

const missing: Rule = {
  id: 'boot/ordering',
  severity: 'error',
  summary: 'the service that loads the images does not hold back the first users of images',
  hint: 'Before=agent.service in discovery; Before=machine-config-daemon-pull.service nodeip-configuration.service in the installation stage',
  source:
    'assisted-service internal/ignition/templates/discovery.ign; machine-config-operator templates/common/_base/units',
};
const reversed: Rule = {
  id: 'boot/ordering-reversed',
  severity: 'error',
  summary: 'the service that loads the images waits for one of those that need them',
  hint: 'move the name from After= to Before=',
  source: 'systemd.unit(5) (Before=, After=)',
};
const mountOrder: Rule = {
  id: 'boot/mount-order',
  severity: 'error',
  summary: 'the service that loads the images does not wait for the mount, or nothing starts the mount',
  hint: 'write Requires=var-mnt.mount and After=var-mnt.mount, or RequiresMountsFor=/var/mnt',
  source: 'systemd.unit(5) (RequiresMountsFor=)',
};
const mountLeft: Rule = {
  id: 'boot/mount-left',
  severity: 'error',
  summary:
    'the partition stays mounted in discovery: the disk is not eligible, and coreos-installer finds it busy',
  hint: 'unmount it before agent.service starts: ExecStopPost=systemctl stop var-mnt.mount, on every path',
  source:
    'assisted-installer-agent src/inventory/disks.go; coreos-installer src/install.rs (ensure_exclusive_access)',
};
const mountName: Rule = {
  id: 'boot/mount-name',
  severity: 'error',
  summary: 'the name of a mount unit is not that of its Where=: systemd refuses it',
  hint: 'name it after the path: /var/mnt is var-mnt.mount',
  source: 'systemd.mount(5)',
};

export const orderingRules: readonly Rule[] = [missing, reversed, mountOrder, mountLeft, mountName];

/** Those that use images first, by stage. */
const firstUsers: Readonly<Record<Stage, readonly string[]>> = {
  discovery: ['agent.service'],
  installation: ['machine-config-daemon-pull.service', 'nodeip-configuration.service'],
};
const laterUsers: readonly string[] = ['crio.service', 'kubelet.service', 'bootkube.service'];

/** Checks what comes before what, and that the partition is mounted when it is read and only then. */
export function checkOrdering(stage: Stage, override: OverrideView, report: Report): void {
  const loaders = override.loaders;
  for (const loader of loaders) {
    checkUsers(override, loader.unit, firstUsers[stage], report);
    for (const mount of override.mounts) checkMount(override, loader, mount, report);
  }
  for (const unit of override.units) checkMountName(override, unit, report);
  if (stage === 'discovery' && loaders.length > 0) checkUnmount(override, loaders, report);
}

function checkUsers(
  { text, units }: OverrideView,
  { name, directives }: UnitView,
  users: readonly string[],
  report: Report,
): void {
  const before = wordsOf(directives, 'Before').map(({ word }) => word);
  const waits = (user: string): boolean =>
    units.some(
      (unit) =>
        unit.name.value === user && wordsOf(unit.directives, 'After').some(({ word }) => word === name.value),
    );
  const absent = users.filter((user) => !before.includes(user) && !waits(user));
  if (absent.length > 0) {
    const place = directives.findLast(({ key }) => key === 'Before');
    const message = `${name.value} does not say Before=${absent.join(' ')}: they start while it still loads`;
    if (place === undefined) report(missing, text, { message, span: name.node });
    else report(missing, place.text, { message, span: place });
  }
  for (const { word, text: unit, ...span } of wordsOf(directives, 'After', 'Requires', 'BindsTo')) {
    if (!users.includes(word) && !laterUsers.includes(word)) continue;
    const message = `${name.value} waits for ${word}, which needs the images`;
    report(reversed, unit, { message, span });
  }
}

/** Whether a unit names another one in a directive of these. */
function says(from: UnitView, target: string, ...keys: readonly string[]): boolean {
  return wordsOf(from.directives, ...keys).some(({ word }) => word === target);
}

function isBelowMountPoint(path: string): boolean {
  return `${path}/`.startsWith(`${mountPoint}/`);
}

function checkMount({ text, units }: OverrideView, { unit }: Loader, mount: UnitView, report: Report): void {
  const { value: service, node } = unit.name;
  const { value: name } = mount.name;
  const starts = (by: UnitView): boolean =>
    commandsOf(by).some(({ value }) => value.includes('start') && value.includes(name));
  const started = [unit, ...units.filter((other) => says(unit, other.name.value, 'After'))].some(starts);
  const byPath = wordsOf(unit.directives, 'RequiresMountsFor', 'WorkingDirectory').some(({ word }) =>
    isBelowMountPoint(word),
  );
  if (started || byPath) return;
  if (!says(unit, name, 'After') && !says(mount, service, 'Before')) {
    report(mountOrder, text, {
      message: `${service} does not wait for ${name}: write After=${name}`,
      span: node,
    });
  }
  const pulled =
    says(unit, name, 'Requires', 'Wants', 'BindsTo') ||
    (mount.enabled && wordsOf(mount.directives, 'WantedBy', 'RequiredBy').length > 0);
  if (!pulled) {
    report(mountOrder, text, {
      message: `nothing starts ${name} for ${service}: write Requires=${name}`,
      span: node,
    });
  }
}

function checkUnmount(override: OverrideView, loaders: readonly Loader[], report: Report): void {
  const byService = loaders.some(({ unit }) => commandsOf(unit).some(({ value }) => unmounts(value)));
  const scripts = loaders.flatMap(({ runs }) => runs.flatMap(({ file }) => file?.script ?? []));
  if (byService || scripts.some((script) => unmounts(uncommented(script.text)))) return;
  const names = loaders.map(({ unit }) => unit.name.value);
  for (const mount of override.mounts) {
    const bound = wordsOf(mount.directives, 'BindsTo').some(({ word }) => names.includes(word));
    const unneeded = mount.directives.some(({ key, value }) => key === 'StopWhenUnneeded' && isTrue(value));
    if (bound || unneeded) continue;
    const message = `${mount.name.value} stays mounted: nothing unmounts ${mountPoint} before agent.service starts`;
    report(mountLeft, override.text, { message, span: mount.name.node });
  }
  for (const script of scripts) {
    const mounting = /^[ \t]*(?:if[ \t]+(?:![ \t]+)?)?mount[ \t]+\S.*$/m.exec(script.text);
    if (mounting === null) continue;
    const span = { start: mounting.index, end: mounting.index + mounting[0].length };
    report(mountLeft, script, { message: 'the script mounts the partition and does not unmount it', span });
  }
}

function unmounts(command: string): boolean {
  return /\bumount\b|\bsystemctl stop var-mnt\.mount\b/.test(command);
}

function uncommented(script: string): string {
  return script.replaceAll(/^[ \t]*#.*$/gm, '');
}

function isTrue(value: string): boolean {
  return /^(?:1|yes|y|true|t|on)$/i.test(value);
}

function checkMountName({ text }: OverrideView, { name, directives }: UnitView, report: Report): void {
  if (!name.value.endsWith('.mount')) return;
  for (const { word } of wordsOf(directives, 'Where')) {
    if (word.includes('%')) continue;
    const expected = `${escapedPath(word)}.mount`;
    if (expected === name.value) continue;
    report(mountName, text, {
      message: `${name.value} mounts ${word}, so its name must be ${expected}`,
      span: name.node,
    });
  }
}

/** `systemd-escape --path`. */
function escapedPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return '-';
  return parts
    .map((part, index) =>
      part.replace(index === 0 ? /[^A-Za-z0-9:_.]|^\./gu : /[^A-Za-z0-9:_.]/gu, escapedCharacter),
    )
    .join('-');
}

function escapedCharacter(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
