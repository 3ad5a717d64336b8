/** A version as semver 2.0.0 has it; build metadata is left out, it does not count in comparisons. */
export interface Version {
  readonly text: string;
  readonly release: readonly [number, number, number];
  /** Empty for a release; numeric identifiers are numbers. */
  readonly prerelease: readonly (string | number)[];
}

const number = '(0|[1-9]\\d*)';
const identifier = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)';
const grammar = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Reads a full version (`1.2.3`, `4.12.0-202301042257`); undefined when it is none (semver 2.0.0, 2 and 9 to 11). */
export function parseVersion(text: string): Version | undefined {
  const match = grammar.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  const release = [Number(major), Number(minor), Number(patch)] as const;
  if (!release.every(Number.isSafeInteger)) return undefined;
  const identifiers = prerelease?.split('.') ?? [];
  return {
    text,
    release,
    prerelease: identifiers.map((each) => (/^\d+$/.test(each) ? Number(each) : each)),
  };
}

/** The order of two versions by precedence (semver 2.0.0, 11): below, at or above 0. */
export function compareVersions(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    const order = a.release[index] - b.release[index];
    if (order !== 0) return order;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return b.prerelease.length - a.prerelease.length;
  return comparePrereleases(a.prerelease, b.prerelease);
}

function comparePrereleases(a: Version['prerelease'], b: Version['prerelease']): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (one === other) continue;
    if (typeof one === 'number') return typeof other === 'number' ? one - other : -1;
    return typeof other === 'string' && one < other ? -1 : 1;
  }
  return a.length - b.length;
}
