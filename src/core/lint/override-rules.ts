import { looksOctal } from '../ignition/check-storage.ts';
import type { Stage } from '../ignition/boot-hooks.ts';
import { type JsonObject, memberOf } from '../json/tree.ts';
import { checkConfig, ignitionFamily } from './ignition-family.ts';
import type { LocatedText } from './located-text.ts';
import { itemsAt, stringAt } from './override-view.ts';
import type { Report, Rule } from './rule.ts';
import type { OverrideView } from './site-view.ts';

const worldWritable: Rule = {
  id: 'ignition/world-writable',
  severity: 'warning',
  summary: 'a file or directory that everyone on the node may write',
  hint: 'take the write bit of others away: 493 is 0755, 420 is 0644',
  source: 'chmod(1); Ignition before 3.6 drops the sticky bit (ignition docs/migrating-configs.md)',
};
const mcoPath: Rule = {
  id: 'ignition/mco-path',
  severity: 'warning',
  summary: 'a file of the Machine Config Operator written by the node override: the pool goes Degraded',
  hint: 'use a MachineConfig, or a drop-in beside the file',
  source: 'machine-config-operator pkg/daemon/on_disk_validation.go; templates/',
};
const volatile: Rule = {
  id: 'ignition/volatile-path',
  severity: 'warning',
  summary: 'a file below /run or /tmp: Ignition runs in the initramfs, where it is lost',
  hint: 'write below /etc, /usr/local or /var',
  source: 'ignition docs/operator-notes.md',
};
const wipe: Rule = {
  id: 'ignition/wipe-table',
  severity: 'error',
  summary: 'wipeTable destroys every partition of the disk, the staged one too',
  hint: 'set it to false and name the partitions by label',
  source: 'ignition docs/configuration-v3_2.md (storage.disks.wipeTable)',
};

export const overrideRules: readonly Rule[] = [...ignitionFamily, worldWritable, mcoPath, volatile, wipe];

/** What MCO writes to every node (templates/common, templates/master) and compares with what it finds. */
const mcoPaths: ReadonlySet<string> = new Set([
  '/etc/containers/storage.conf',
  '/etc/containers/registries.conf',
  '/etc/containers/policy.json',
  '/etc/crio/crio.conf.d/00-default',
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/kubelet-ca.crt',
  '/etc/sysctl.d/inotify.conf',
  '/etc/systemd/system.conf.d/10-default-env.conf',
  '/var/lib/kubelet/config.json',
]);

/** Checks an override against what the hub refuses, and what goes wrong on the node without a word. */
export function checkOverride(stage: Stage, override: OverrideView, report: Report): void {
  checkConfig(override, report);
  const { text, object } = override;
  if (object === undefined) return;
  checkModes(text, object, report);
  checkPaths(override, stage === 'installation', report);
  for (const disk of itemsAt(object, 'storage', 'disks')) {
    const wiped = memberOf(disk, 'wipeTable');
    if (wiped?.type === 'scalar' && wiped.value === true) {
      report(wipe, text, { message: wipe.summary, span: wiped });
    }
  }
}

function checkModes(text: LocatedText, object: JsonObject, report: Report): void {
  for (const item of [...itemsAt(object, 'storage', 'files'), ...itemsAt(object, 'storage', 'directories')]) {
    const mode = memberOf(item, 'mode');
    if (mode?.type !== 'scalar' || typeof mode.value !== 'number') continue;
    const { value } = mode;
    if (!Number.isInteger(value) || value < 0 || value > 0o7777 || looksOctal(value)) continue;
    if ((value & 0o002) === 0) continue;
    const path = stringAt(item, 'path')?.value ?? 'this';
    const message = `everyone may write ${path}: mode 0${value.toString(8)}`;
    report(worldWritable, text, { message, span: mode });
  }
}

function checkPaths({ text, files }: OverrideView, installed: boolean, report: Report): void {
  for (const { path } of files) {
    if (installed && mcoPaths.has(path.value)) {
      const message = `${path.value} belongs to the Machine Config Operator, which reports the node as Degraded`;
      report(mcoPath, text, { message, span: path.node });
    }
    if (/^\/(?:run|tmp|var\/run)\//.test(path.value)) {
      report(volatile, text, { message: `${path.value} is gone when the node has booted`, span: path.node });
    }
  }
}
