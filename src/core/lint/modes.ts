import { type JsonObject, type JsonScalar, memberOf } from '../json/tree.ts';
import type { LocatedText } from './located-text.ts';
import { itemsAt, stringAt } from './override-view.ts';
import type { Report, Rule } from './rule.ts';

const decimal: Rule = {
  id: 'ignition/decimal-mode',
  severity: 'error',
  summary: 'a mode in octal digits; JSON reads the number as decimal: 755 is 0363, world-writable',
  hint: 'write the decimal number of the bits: 493 is 0755, 420 is 0644, 384 is 0600',
  source: 'ignition config/v3_2/types/mode.go; openshift-docs ztp-precaching-ztp-config.adoc',
  fixable: 'always',
};
const worldWritable: Rule = {
  id: 'ignition/world-writable',
  severity: 'warning',
  summary: 'a file or directory that everyone on the node may write',
  hint: 'take the write bit of others away: 493 is 0755, 420 is 0644',
  source: 'chmod(1); Ignition before 3.6 drops the sticky bit (ignition docs/migrating-configs.md)',
};

export const modeRules: readonly Rule[] = [decimal, worldWritable];

/** Permissions as people mean them, in octal digits; with setuid, setgid or sticky bits before. */
const meant =
  /^[1-7]?(?:400|440|444|500|550|555|600|640|644|660|664|666|700|710|711|740|744|750|751|754|755|770|774|775|777)$/;

/** Checks the modes of files and directories. */
export function checkModes(text: LocatedText, object: JsonObject, report: Report): void {
  for (const list of ['files', 'directories']) {
    for (const item of itemsAt(object, 'storage', list)) {
      const mode = memberOf(item, 'mode');
      if (mode?.type !== 'scalar' || typeof mode.value !== 'number') continue;
      checkMode(text, mode, mode.value, stringAt(item, 'path')?.value ?? list, report);
    }
  }
}

function checkMode(text: LocatedText, node: JsonScalar, mode: number, path: string, report: Report): void {
  const octal = mode.toString(8);
  if (meant.test(String(mode)) && !meant.test(octal)) {
    const bits = Number.parseInt(String(mode), 8);
    const message = `mode ${mode} of ${path} is decimal: ${inForce(mode)}; ${bits} is 0${mode}`;
    report(decimal, text, { message, span: node, fix: [{ ...node, text: String(bits) }] });
  } else if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777 && (mode & 0o002) !== 0) {
    report(worldWritable, text, { message: `everyone may write ${path}: mode 0${octal}`, span: node });
  }
}

/** The mode that Ignition sets before spec 3.6: without setuid, setgid and sticky bit. */
function inForce(mode: number): string {
  const bits = (mode & 0o777).toString(8).padStart(3, '0');
  return `the file becomes 0${bits}${(mode & 0o002) === 0 ? '' : ', world-writable'}`;
}
