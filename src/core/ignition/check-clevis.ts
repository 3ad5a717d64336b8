import type { Report } from './report.ts';
import { filledText, flagOf, integerOf, itemsOf, placeOf, type Struct, structOf, textOf } from './shape.ts';
import { parseUrl } from './url.ts';

export function checkClevis(clevis: Struct, report: Report): void {
  const custom = structOf(clevis, 'custom');
  const others =
    itemsOf(clevis, 'tang').length > 0 ||
    flagOf(clevis, 'tpm2') === true ||
    (integerOf(clevis, 'threshold')?.value ?? 0) !== 0;
  if (custom !== undefined && others) {
    report.add('clevis-custom', custom, 'a custom pin goes with no tpm2, tang or threshold');
  }
}

export function checkCustom(custom: Struct, report: Report): void {
  const pin = textOf(custom, 'pin')?.value ?? '';
  const config = filledText(custom, 'config');
  if (pin === '' && config === undefined) return;
  if (!['tpm2', 'tang', 'sss'].includes(pin)) {
    report.add('clevis-custom', placeOf(custom, 'pin'), 'a custom pin is tpm2, tang or sss');
  }
  if (config === undefined)
    report.add('clevis-custom', placeOf(custom, 'config'), 'a custom pin has a config');
}

export function checkTang(tang: Struct, report: Report): void {
  const scheme = parseUrl(textOf(tang, 'url')?.value ?? '')?.scheme;
  if (scheme !== 'http' && scheme !== 'https') {
    report.add('tang-url', placeOf(tang, 'url'), 'the URL of a tang server is http or https');
  }
  if (filledText(tang, 'thumbprint') === undefined) {
    report.add('tang-thumbprint', placeOf(tang, 'thumbprint'), 'a tang server has its thumbprint');
  }
}
