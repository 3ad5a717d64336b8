import { compareVersions, parseVersion, type Version } from '../catalog/version.ts';
import type { VersionRange } from './image-set.ts';
import type { Fields, Place, StrictNodes } from './strict-nodes.ts';

/** `minVersion` and `maxVersion` of a channel or a package, each in full, the one not above the other. */
export function readRange(fields: Fields, nodes: StrictNodes): VersionRange {
  const min = versionAt(fields.get('minVersion'), nodes);
  const max = versionAt(fields.get('maxVersion'), nodes);
  const place = fields.get('minVersion');
  if (min !== undefined && max !== undefined && place !== undefined && compareVersions(min, max) > 0) {
    const message = `${fields.place.path}: minVersion ${min.text} is above maxVersion ${max.text}`;
    nodes.mistake('range', place, message);
  }
  return {
    ...(min === undefined ? {} : { minVersion: min.text }),
    ...(max === undefined ? {} : { maxVersion: max.text }),
  };
}

function versionAt(place: Place | undefined, nodes: StrictNodes): Version | undefined {
  const text = nodes.text(place);
  if (place === undefined || text === undefined) return undefined;
  const version = parseVersion(text);
  if (version !== undefined) return version;
  return nodes.mistake(
    'version',
    place,
    `${place.path}: "${text}" is no version`,
    'write it in full, such as 4.14.7 or 4.17.0-rc.1',
  );
}
