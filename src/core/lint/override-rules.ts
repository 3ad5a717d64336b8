import { editItems, layoutOf } from '../json/layout.ts';
import { type JsonNode, type JsonObject, memberOf } from '../json/tree.ts';
import type { Splice } from '../splice.ts';
import type { LocatedText } from './located-text.ts';
import { checkModes, modeRules } from './modes.ts';
import { itemsAt, type StringView, stringAt } from './override-view.ts';
import type { Report, Rule } from './rule.ts';
import type { OverrideView, PlaceView } from './site-view.ts';

const hub = 'assisted-service internal/common/ignition/ignition.go';

const json: Rule = {
  id: 'ignition/json',
  severity: 'error',
  summary: 'ignitionConfigOverride is not a JSON object',
  hint: 'the hub parses it as JSON: no comments, no trailing commas, names once',
  source: `${hub} (ParseToLatest)`,
};
const version: Rule = {
  id: 'ignition/version',
  severity: 'error',
  summary: 'a version that the hub does not take: only 3.1.0 and 3.2.0',
  hint: 'write "3.1.0", or "3.2.0" where something of 3.2 is used, whatever the version of OpenShift',
  source: `${hub} (ParseToLatest)`,
  fixable: 'sometimes',
};
const duplicate: Rule = {
  id: 'ignition/duplicate',
  severity: 'error',
  summary: 'a unit, drop-in or path that is there twice, which the hub refuses',
  hint: 'merge the two into one',
  source: 'ignition config/validate (duplicate entry defined)',
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

export const overrideRules: readonly Rule[] = [
  json,
  version,
  duplicate,
  ...modeRules,
  mcoPath,
  volatile,
  wipe,
];

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
export function checkOverride({ stage, override }: PlaceView, report: Report): void {
  if (override === undefined) return;
  const { text, root, object, mistakes } = override;
  for (const { message, span } of mistakes) {
    report(json, text, { message, span: span ?? { start: 0, end: text.text.length } });
  }
  if (root !== undefined && object === undefined) report(json, text, { message: json.summary, span: root });
  if (object === undefined) return;
  checkVersion(text, object, report);
  checkDuplicates(text, object, report);
  checkModes(text, object, report);
  checkPaths(override, stage === 'installation', report);
  for (const disk of itemsAt(object, 'storage', 'disks')) {
    const wiped = memberOf(disk, 'wipeTable');
    if (wiped?.type === 'scalar' && wiped.value === true) {
      report(wipe, text, { message: wipe.summary, span: wiped });
    }
  }
}

/** Versions of which 3.1.0 or 3.2.0 takes everything, and what people write for those. */
const equivalents: Readonly<Record<string, string>> = {
  '3': '3.1.0',
  '3.0': '3.1.0',
  '3.0.0': '3.1.0',
  '3.1': '3.1.0',
  'v3.1.0': '3.1.0',
  '3.2': '3.2.0',
  'v3.2.0': '3.2.0',
};

function checkVersion(text: LocatedText, object: JsonObject, report: Report): void {
  const ignition = memberOf(object, 'ignition');
  const found = ignition?.type === 'object' ? memberOf(ignition, 'version') : undefined;
  if (found?.type === 'scalar' && (found.value === '3.1.0' || found.value === '3.2.0')) return;
  if (found === undefined) {
    const fix =
      ignition === undefined || ignition.type === 'object'
        ? insertVersion(text, object, ignition)
        : undefined;
    const span = ignition ?? { start: object.start, end: object.start + 1 };
    report(version, text, {
      message: 'no Ignition version; the hub takes only 3.1.0 and 3.2.0',
      span,
      ...(fix && { fix }),
    });
    return;
  }
  const written = found.type === 'scalar' ? String(found.value) : '';
  const message = `the hub takes only Ignition 3.1.0 and 3.2.0${written === '' ? '' : `, not ${written}`}`;
  const known = equivalents[written];
  const fix =
    known === undefined ? {} : { fix: [{ start: found.start, end: found.end, text: `"${known}"` }] };
  report(version, text, { message, span: found, ...fix });
}

function insertVersion(text: LocatedText, object: JsonObject, ignition: JsonObject | undefined): Splice[] {
  const layout = layoutOf(text.text, object);
  const entry = { name: 'version', value: '3.1.0' };
  if (ignition !== undefined) return editItems(layout, ignition, () => true, [entry]);
  return editItems(layout, object, () => true, [{ name: 'ignition', value: { version: '3.1.0' } }]);
}

function checkDuplicates(text: LocatedText, object: JsonObject, report: Report): void {
  const once = (what: string): ((key: StringView | undefined) => void) => {
    const seen = new Set<string>();
    return (key) => {
      if (key === undefined) return;
      if (seen.has(key.value)) {
        report(duplicate, text, { message: `${what} ${key.value} is there twice`, span: key.node });
      }
      seen.add(key.value);
    };
  };
  const unit = once('the unit');
  const path = once('the path');
  for (const item of itemsAt(object, 'systemd', 'units')) {
    const name = stringAt(item, 'name');
    unit(name);
    const drop = once(`of ${name?.value ?? 'this unit'} the drop-in`);
    for (const node of arrayAt(item, 'dropins')) drop(stringAt(node, 'name'));
  }
  for (const list of ['files', 'links', 'directories']) {
    for (const item of itemsAt(object, 'storage', list)) path(stringAt(item, 'path'));
  }
}

function arrayAt(object: JsonObject, name: string): readonly JsonNode[] {
  const list = memberOf(object, name);
  return list?.type === 'array' ? list.items : [];
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
