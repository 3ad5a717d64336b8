import type { Report } from './report.ts';
import { filledText, type Struct, structOf, structsOf, textOf } from './shape.ts';

const unitFolder = '/etc/systemd/system/';

/** Rules between the sections: what Ignition writes for a unit, no file, directory or link can be. */
export function checkConfig(config: Struct, report: Report): void {
  const storage = structOf(config, 'storage');
  const paths = new Set(structsOf(structOf(config, 'systemd'), 'units').flatMap(pathsOf));
  if (storage === undefined || paths.size === 0) return;
  for (const list of ['files', 'directories', 'links']) {
    for (const node of structsOf(storage, list)) {
      const path = textOf(node, 'path');
      if (path === undefined || !paths.has(path.value)) continue;
      report.add('path-of-unit', path, 'a unit or drop-in of this config has this path');
    }
  }
}

function pathsOf(unit: Struct): string[] {
  const path = unitFolder + (textOf(unit, 'name')?.value ?? '');
  const dropins = structsOf(unit, 'dropins').filter((dropin) => filledText(dropin, 'contents') !== undefined);
  return [
    ...(filledText(unit, 'contents') === undefined ? [] : [path]),
    ...dropins.map((dropin) => `${path}.d/${textOf(dropin, 'name')?.value ?? ''}`),
  ];
}
