import { compareVersions, parseVersion, type Version } from './version.ts';

/** Whether a version lies in a range. */
export type VersionTest = (version: Version) => boolean;

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

const operators: Readonly<Record<string, Operator>> = {
  '': '=',
  '=': '=',
  '==': '=',
  '!': '!=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/**
 * Reads a range in the grammar of OLM (`skipRange`, dependencies; the library blang/semver): comparisons side by side
 * must all hold, `||` separates alternatives, `1.2.x` and `1.x` stand for a minor and a major version. Unlike in other
 * grammars a prerelease is a version like any other: `>=1.2.0` holds for `1.3.0-rc.1`. Undefined when it is no range.
 */
export function parseVersionRange(text: string): VersionTest | undefined {
  const alternatives: VersionTest[][] = [];
  for (const alternative of text.split('||')) {
    const tests = comparisonsOf(alternative).map(parseComparison);
    if (tests.length === 0 || !tests.every((test) => test !== undefined)) return undefined;
    alternatives.push(tests);
  }
  return (version) => alternatives.some((tests) => tests.every((test) => test(version)));
}

/** A blank between an operator and its version does not separate. */
function comparisonsOf(text: string): string[] {
  return text
    .replace(/([<>=!])\s+/g, '$1')
    .split(/\s+/)
    .filter((part) => part !== '');
}

function parseComparison(text: string): VersionTest | undefined {
  const [, sign = '', rest = ''] = /^([^0-9]*)([\s\S]*)$/.exec(text) ?? [];
  const operator = operators[sign];
  if (operator === undefined) return undefined;
  if (/^\d+(?:\.\d+)?(?:\.x){1,2}$/.test(rest)) return wildcard(operator, rest);
  const bound = parseVersion(rest);
  return bound === undefined ? undefined : (version) => holds(operator, compareVersions(version, bound));
}

/** `1.2.x` is everything from 1.2.0 up to, and without, 1.3.0. */
function wildcard(operator: Operator, text: string): VersionTest | undefined {
  const [major = 0, minor] = text
    .split('.')
    .filter((part) => part !== 'x')
    .map(Number);
  const first = parseVersion(`${major}.${minor ?? 0}.0`);
  const next = parseVersion(minor === undefined ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`);
  if (first === undefined || next === undefined) return undefined;
  return (version) => {
    const below = compareVersions(version, first) < 0;
    const above = compareVersions(version, next) >= 0;
    return holds(operator, below ? -1 : above ? 1 : 0);
  };
}

function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}
