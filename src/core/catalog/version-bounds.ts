import type { VersionRange } from '../imageset/image-set.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';
import { parseVersionRange, type VersionTest } from './version-range.ts';

/**
 * The test of `minVersion` and `maxVersion` as oc-mirror v1 has it: full versions, both ends included, prereleases by
 * their precedence. Undefined when one of them is no version.
 */
export function boundsV1({ minVersion, maxVersion }: VersionRange): VersionTest | undefined {
  const parts = [
    ...(minVersion === undefined ? [] : [`>=${minVersion}`]),
    ...(maxVersion === undefined ? [] : [`<=${maxVersion}`]),
  ];
  return parseVersionRange(parts.join(' '));
}

/**
 * The same as oc-mirror v2 has it: a version may lack its end (`1.2`), which as a maximum takes in all of `1.2`; a
 * prerelease lies in the range only when one of its ends is a prerelease.
 */
export function boundsV2({ minVersion, maxVersion }: VersionRange): VersionTest | undefined {
  const min = minVersion === undefined ? undefined : parsePartial(minVersion);
  const max = maxVersion === undefined ? undefined : parsePartial(maxVersion);
  if ((minVersion !== undefined && min === undefined) || (maxVersion !== undefined && max === undefined)) {
    return undefined;
  }
  const withPrereleases = [min, max].some(
    (bound) => bound !== undefined && bound.version.prerelease.length > 0,
  );
  return (version) =>
    (withPrereleases || version.prerelease.length === 0) &&
    (min === undefined || compareVersions(version, min.version) >= 0) &&
    (max === undefined || isAtMost(version, max));
}

interface Partial {
  readonly version: Version;
  /** How many of major, minor and patch were given. */
  readonly given: number;
}

function parsePartial(text: string): Partial | undefined {
  const [, release = '', rest = ''] = /^v?(\d+(?:\.\d+){0,2})([\s\S]*)$/.exec(text) ?? [];
  const given = release.split('.');
  const version = parseVersion(`${[...given, '0', '0'].slice(0, 3).join('.')}${rest}`);
  return version === undefined ? undefined : { version, given: given.length };
}

function isAtMost(version: Version, { version: max, given }: Partial): boolean {
  if (given === 3) return compareVersions(version, max) <= 0;
  const [major, minor] = version.release;
  return major < max.release[0] || (major === max.release[0] && (given === 1 || minor <= max.release[1]));
}
