import type { Stage } from '../ignition/boot-hooks.ts';
import { commandsOf, groupOfScript, groupOfStage, type Loader } from './loaders.ts';
import type { UnitView } from './override-view.ts';
import type { Report, Rule } from './rule.ts';
import type { OverrideView } from './site-view.ts';
import { wordsOf } from './unit-text.ts';

const disabled: Rule = {
  id: 'boot/not-enabled',
  severity: 'error',
  summary: 'the service that loads the images is not enabled: nothing starts it',
  hint: 'add "enabled": true',
  source: 'ignition docs/configuration-v3_2.md (systemd.units.enabled)',
};
const unitName: Rule = {
  id: 'boot/unit-name',
  severity: 'error',
  summary: 'a unit is named that is not there, or has no type that systemd knows',
  hint: 'name it as it is defined: precache-images.service, precache-ocp-images.service, var-mnt.mount',
  source: 'systemd.unit(5); openshift-docs ztp-precaching-ztp-config.adoc names precache-images.services',
};
const type: Rule = {
  id: 'boot/type',
  severity: 'error',
  summary: 'the service that loads the images is not Type=oneshot: Before= holds nothing back while it runs',
  hint: 'write Type=oneshot',
  source: 'systemd.service(5) (Type=)',
};
const timeout: Rule = {
  id: 'boot/no-timeout',
  severity: 'warning',
  summary: 'a oneshot service without TimeoutStartSec= may take for ever, and the boot with it',
  hint: 'write TimeoutStartSec=15min in discovery, 30min in the installation stage',
  source: 'systemd.service(5) (TimeoutStartSec=)',
};
const disablesItself: Rule = {
  id: 'boot/disables-itself',
  severity: 'warning',
  summary: 'the service disables itself whatever happened: what failed is never loaded',
  hint: 'let a condition say when it is done, such as ConditionPathExists=! of a stamp written on success',
  source: 'telco-ran-tools docs/resources/discovery-beauty.ign (ExecStopPost=systemctl disable)',
};
const missingScript: Rule = {
  id: 'boot/missing-script',
  severity: 'error',
  summary: 'the service runs a script that no file of this override writes',
  hint: 'add the file, or name the one that is there',
  source: 'ignition docs/operator-notes.md: the two overrides reach different systems',
};
const wrongScript: Rule = {
  id: 'boot/wrong-script',
  severity: 'error',
  summary: "the service runs the other stage's script",
  hint: 'extract-ai.sh belongs to the cluster (discovery), extract-ocp.sh to the node (installation)',
  source: 'openshift-docs ztp-precaching-ztp-config.adoc',
};

export const unitRules: readonly Rule[] = [
  disabled,
  unitName,
  type,
  timeout,
  disablesItself,
  missingScript,
  wrongScript,
];

/** Checks the units of an override, those that load images closer. */
export function checkUnits(stage: Stage, override: OverrideView, report: Report): void {
  for (const unit of override.units) checkNames(override, unit, report);
  for (const loader of override.loaders) {
    checkService(override, loader, report);
    checkScripts(loader, groupOfStage(stage), report);
  }
}

const references = [
  'Before',
  'After',
  'Requires',
  'Requisite',
  'Wants',
  'BindsTo',
  'PartOf',
  'Upholds',
  'WantedBy',
  'RequiredBy',
  'UpheldBy',
];
const unitType = /\.(?:service|mount|automount|target|socket|device|swap|timer|path|slice|scope)$/;

function checkNames({ units }: OverrideView, { name, directives }: UnitView, report: Report): void {
  const defined = units.map((unit) => unit.name.value);
  for (const { word, text, ...span } of wordsOf(directives, ...references)) {
    if (word.includes('%')) continue;
    const known = defined.includes(word) || word === name.value;
    if (!unitType.test(word)) {
      report(unitName, text, { message: `${word}: systemd knows no unit of this type`, span });
    } else if (!known && /^(?:precache|var-mnt\.|extract-)/.test(word)) {
      report(unitName, text, { message: `this override has no unit ${word}`, span });
    }
  }
}

function checkService({ text, units }: OverrideView, { unit }: Loader, report: Report): void {
  const { name, directives } = unit;
  const pulled = units.some((other) =>
    wordsOf(other.directives, 'Requires', 'Wants', 'BindsTo', 'Upholds').some(
      ({ word }) => word === name.value,
    ),
  );
  if (!unit.enabled && !pulled) {
    report(disabled, text, { message: `${name.value} is not enabled: nothing starts it`, span: name.node });
  }
  const start = directives.find(({ key }) => key === 'ExecStart');
  const typed = directives.findLast(({ key }) => key === 'Type');
  if (typed?.value !== 'oneshot') {
    const place = typed ?? start;
    const message = `${name.value} is not Type=oneshot: the units behind it start while it still loads`;
    if (place === undefined) report(type, text, { message, span: name.node });
    else report(type, place.text, { message, span: place });
  } else {
    const limit = directives.findLast(({ key }) => key === 'TimeoutStartSec' || key === 'TimeoutSec');
    if (limit === undefined || /^(?:0|infinity)$/.test(limit.value)) {
      const place = limit ?? typed;
      const message = `${name.value} has no TimeoutStartSec=: when it hangs, the boot does`;
      report(timeout, place.text, { message, span: place });
    }
  }
  for (const command of commandsOf(unit)) {
    if (!command.value.includes('systemctl disable')) continue;
    const message = `${name.value} disables itself also when it failed`;
    report(disablesItself, command.text, { message, span: command });
  }
}

function checkScripts({ unit, runs }: Loader, group: 'ai' | 'ocp', report: Report): void {
  for (const { path, file, text, ...span } of runs) {
    const other = groupOfScript(path);
    if (other !== undefined && other !== group) {
      const message = `${unit.name.value} runs ${path}, which loads the images of the other stage`;
      report(wrongScript, text, { message, span });
    } else if (file === undefined) {
      report(missingScript, text, { message: `no file of this override is ${path}`, span });
    }
  }
}
