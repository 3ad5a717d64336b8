import type { Report } from './report.ts';
import { filledText, flagOf, type Leaf, placeOf, type Struct, structsOf, textOf } from './shape.ts';
import { parseUnit, type UnitReading } from './unit.ts';

const unitSuffixes: ReadonlySet<string> = new Set(
  'service socket device mount automount swap target path timer snapshot slice scope'.split(' '),
);

export function checkUnit(unit: Struct, report: Report): void {
  const name = textOf(unit, 'name');
  if (!unitSuffixes.has(suffixOf(name?.value ?? ''))) {
    const hint = 'such as .service, .mount, .socket, .timer, .path, .target';
    report.add('unit-name', placeOf(unit, 'name'), 'the name of a unit ends in the suffix of its kind', hint);
  }
  const contents = filledText(unit, 'contents');
  const reading = checkSyntax(contents, report);
  if (flagOf(unit, 'enabled') !== true || contents === undefined || reading?.mistake !== undefined) return;
  if (hasInstall(reading)) return;
  const hint = 'add [Install] with WantedBy=, or leave "enabled" out';
  report.add(
    'unit-without-install',
    placeOf(unit, 'enabled'),
    'without [Install], enabling it does nothing',
    hint,
  );
}

export function checkDropin(dropin: Struct, report: Report): void {
  if (suffixOf(textOf(dropin, 'name')?.value ?? '') !== 'conf') {
    report.add('dropin-name', placeOf(dropin, 'name'), 'the name of a drop-in ends in .conf');
  }
  checkSyntax(filledText(dropin, 'contents'), report);
}

/** An enabled instance is installed by its template. */
export function checkSystemd(systemd: Struct, report: Report): void {
  const units = structsOf(systemd, 'units');
  const byName = new Map(units.map((unit) => [textOf(unit, 'name')?.value ?? '', unit]));
  for (const unit of units) {
    const name = textOf(unit, 'name');
    const at = name === undefined ? -1 : name.value.indexOf('@', 1);
    if (name === undefined || at < 1 || flagOf(unit, 'enabled') !== true) continue;
    if (!name.value.endsWith('.service') || name.value.length <= at + '@.service'.length) continue;
    const template = `${name.value.slice(0, at)}@.service`;
    const contents = filledText(byName.get(template), 'contents');
    const reading = contents === undefined ? undefined : parseUnit(contents.value);
    if (reading === undefined || reading.mistake !== undefined || hasInstall(reading)) continue;
    report.add(
      'template-without-install',
      name,
      `${template} has no [Install], so that enabling this does nothing`,
    );
  }
}

function checkSyntax(contents: Leaf<string> | undefined, report: Report): UnitReading | undefined {
  if (contents === undefined) return undefined;
  const reading = parseUnit(contents.value);
  if (reading.mistake !== undefined) {
    report.add('unit-syntax', report.within(contents, reading.mistake.span), reading.mistake.message);
  }
  return reading;
}

/** go-systemd tells a section only where it holds an option. */
function hasInstall(reading: UnitReading | undefined): boolean {
  return reading?.sections.some(({ name, options }) => name === 'Install' && options.length > 0) ?? false;
}

/** What comes after the last dot, which a slash ends (Go, path `Ext`). */
function suffixOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > name.lastIndexOf('/') ? name.slice(dot + 1) : '';
}
