import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface LockedPackage {
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as { dependencies: Record<string, string> };
const lock = read('package-lock.json') as {
  packages: Record<string, LockedPackage>;
};
const decision = readFileSync(
  new URL('../docs/decisions/0002-runtime-dependencies.md', import.meta.url),
  'utf8',
);

it('every runtime dependency is pinned and has its line in the decision', () => {
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(decision).toMatch(new RegExp(`^\\| ${name} ${version.split('.')[0] ?? ''}[ .]`, 'm'));
  }
});

it('no runtime dependency brings another package', () => {
  for (const name of Object.keys(manifest.dependencies)) {
    const installed = lock.packages[`node_modules/${name}`];
    expect(installed?.version, name).toBe(manifest.dependencies[name]);
    expect(installed?.dependencies, name).toBeUndefined();
  }
});

it('the lock file knows the packages of every platform, or npm ci refuses it (scripts/complete-lock.mjs)', () => {
  const optional = Object.values(lock.packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  );
  expect(optional.filter((name) => lock.packages[`node_modules/${name}`] === undefined)).toEqual([]);
});
