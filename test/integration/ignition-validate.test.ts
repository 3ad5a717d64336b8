import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, visit } from 'yaml';
import { checkIgnition } from '../../src/core/ignition/check.ts';
import { type IgnitionRule, ignitionRules } from '../../src/core/ignition/rules.ts';
import { editSite } from '../../src/core/site/edit-site.ts';
import { createHookSet } from '../../src/core/site/hook-set.ts';
import { changedConfigs, fullConfig } from '../support/ignition-changes.ts';
import { ignitionConfigs } from '../support/ignition-configs.ts';
import { describeWith } from '../support/needs.ts';
import { output } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** Another validator than Debian's 2.14, for a check against the version that a hub has. */
const validator = process.env['IGNITION_VALIDATE'] ?? 'ignition-validate';
/** Starts the validator on every file of a folder, two at a time: about 5 ms each. */
const validateAll = `cd "$1" && ls | xargs -P 2 -n 1 sh -c '"$0" "$1" >"$1.out" 2>&1; echo "$1 $?"' "$2"`;
const sites = fileURLToPath(new URL('../fixtures/site/', import.meta.url));

/** What the validator said of a text. */
interface Verdict {
  readonly text: string;
  readonly accepted: boolean;
  readonly report: string;
}

async function validate(folder: string, texts: readonly string[]): Promise<readonly Verdict[]> {
  await mkdir(folder);
  await Promise.all(texts.map((text, index) => writeFile(join(folder, String(index)), text)));
  const lines = (await output(['bash', '-c', validateAll, '-', folder, validator])).trim().split('\n');
  return await Promise.all(
    lines.map(async (line) => {
      const [name = '', status] = line.split(' ');
      const report = await readFile(join(folder, `${name}.out`), 'utf8');
      return { text: texts[Number(name)] ?? '', accepted: status === '0', report };
    }),
  );
}

/** Deterministic and spread over the whole list. */
function every<T>(count: number, items: readonly T[]): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, at) => items[Math.floor(at * step)] as T);
}

function generated(count: number): string[] {
  return fc
    .sample(ignitionConfigs(), { numRuns: count, seed: 20_261_124 })
    .map((config) => JSON.stringify(config));
}

/** One character of a text replaced, removed or doubled. */
function mutated(count: number): string[] {
  const text = JSON.stringify(fullConfig);
  const mutation = fc.tuple(
    fc.nat(text.length - 1),
    fc.constantFrom('', '"', '0', '}', ',', '\\', 'x', '\u0001', 'é', '[', ' '),
  );
  return fc
    .sample(mutation, { numRuns: count, seed: 20_261_124 })
    .map(([at, character]) => text.slice(0, at) + character + text.slice(at + 1));
}

/** The overrides of public documents, as they are and with our hooks. */
async function publicOverrides(): Promise<string[]> {
  const names = await readdir(sites);
  const texts = await Promise.all(names.map((name) => readFile(join(sites, name), 'utf8')));
  const edited = texts.flatMap((text) => {
    try {
      return [
        editSite({ name: 'x', text }, { hooks: createHookSet({ label: 'data', version: 'test' }) }).text,
      ];
    } catch {
      return [];
    }
  });
  return [...texts, ...edited].flatMap(overridesOf);
}

function overridesOf(stream: string): string[] {
  const found: string[] = [];
  for (const document of parseAllDocuments(stream)) {
    visit(document, {
      Pair: (_, pair) => {
        const value: unknown = (pair.value as { value?: unknown } | null)?.value;
        if (String(pair.key) === 'ignitionConfigOverride' && typeof value === 'string') found.push(value);
      },
    });
  }
  return found;
}

/** What only we refuse: a server that fails at its boot, a name twice in an object, a rule newer than the validator. */
function isRefused(text: string, knowsPathsOfUnits: boolean): boolean | 'twice' {
  const errors = checkIgnition({ text }).filter(({ severity }) => severity === 'error');
  if (errors.some(({ message }) => /^not JSON: the name .* is there twice$/.test(message))) return 'twice';
  return errors.some(({ id }) => {
    const rule = id.replace('ignition/', '') as IgnitionRule;
    return ignitionRules[rule].seenBy === 'hub' && (knowsPathsOfUnits || rule !== 'path-of-unit');
  });
}

/** How many warnings of a kind the validator and we have, where it read the whole config. */
function warnings({ text, report }: Verdict): readonly (readonly [number, number])[] {
  const found = checkIgnition({ text });
  const ours = (...rules: readonly IgnitionRule[]) =>
    found.filter(({ id }) => rules.some((rule) => id === `ignition/${rule}`)).length;
  const theirs = (pattern: RegExp) => report.match(pattern)?.length ?? 0;
  return [
    [theirs(/: Unused key(?!s)/g), ours('unknown-key', 'later-key', 'key-case')],
    [theirs(/is enabled, but has no install/g), ours('unit-without-install')],
    [theirs(/insecure plaintext HTTP proxy/g), ours('proxy-insecure')],
  ];
}

describeWith({ programs: ['ignition-validate'] }, "Ignition's own validator", () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await makeTemporaryFolder();
  });
  afterAll(() => folder.remove());

  const kinds: readonly (readonly [string, () => Promise<string[]> | string[], number, number])[] = [
    ['generated', () => generated(240), 50, 100],
    ['changed', () => every(480, changedConfigs()).map((config) => JSON.stringify(config)), 100, 200],
    ['mutated', () => mutated(120), 20, 40],
    ['public', publicOverrides, 10, 0],
  ];
  describe.each(kinds)('agrees on %s configs', (name, texts, fewestAccepted, fewestRefused) => {
    it('what to accept, and of what to warn', async () => {
      const verdicts = await validate(join(folder.path, name), await texts());
      const clash =
        '{"ignition":{"version":"3.2.0"},"systemd":{"units":[{"name":"a.service","contents":"[A]"}]},"storage":{"files":[{"path":"/etc/systemd/system/a.service"}]}}';
      const [newer] = await validate(join(folder.path, `${name}-clash`), [clash]);
      const refused = verdicts.map(({ text }) => isRefused(text, newer?.accepted === false));
      const wrong = verdicts.filter(
        ({ accepted }, at) => refused[at] !== 'twice' && accepted === refused[at],
      );
      expect(wrong).toEqual([]);
      const accepted = verdicts.filter((verdict) => verdict.accepted);
      expect(accepted.length).toBeGreaterThanOrEqual(fewestAccepted);
      expect(verdicts.length - accepted.length).toBeGreaterThanOrEqual(fewestRefused);
      for (const verdict of accepted) {
        for (const [theirs, ours] of warnings(verdict))
          expect(ours, verdict.text + verdict.report).toBe(theirs);
      }
    });
  });
});
