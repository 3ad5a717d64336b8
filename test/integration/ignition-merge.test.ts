import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkIgnition } from '../../src/core/ignition/check.ts';
import { encodeDataUrl } from '../../src/core/ignition/data-url.ts';
import { mergeIgnition } from '../../src/core/ignition/merge.ts';
import { ignitionConfigs } from '../support/ignition-configs.ts';
import { writableConfigs } from '../support/ignition-merges.ts';
import { describeWith } from '../support/needs.ts';
import { output, run } from '../support/process.ts';
import { withTemporaryFolder } from '../support/temporary-folder.ts';

/** Where Debian's package `ignition` has the program that runs in the initramfs. */
const ignition = '/usr/lib/dracut/modules.d/30ignition/ignition';

async function runStage(folder: string, stage: 'fetch' | 'files', config: unknown): Promise<void> {
  const file = join(folder, 'config.ign');
  await writeFile(file, JSON.stringify(config));
  await mkdir(join(folder, 'root/etc/selinux'), { recursive: true });
  await writeFile(join(folder, 'root/etc/selinux/config'), 'SELINUX=disabled\n');
  const args = [
    '-platform',
    'file',
    '-root',
    join(folder, 'root'),
    '-config-cache',
    join(folder, 'cache'),
    '-log-to-stdout',
  ];
  const { stdout } = await run([ignition, '-stage', stage, ...args], { env: { IGNITION_CONFIG_FILE: file } });
  const relabelling = stdout.includes('Ignition failed: failed to handle relabeling');
  if (!relabelling && !stdout.includes('Ignition finished successfully')) throw new Error(stdout);
}

/** What Ignition makes of a config: the config it applies, and what is written to a root directory by it. */
async function apply(
  config: unknown,
  files: boolean,
): Promise<{ readonly merged: unknown; readonly tree: string }> {
  return await withTemporaryFolder(async (folder) => {
    await runStage(folder, 'fetch', config);
    const merged: unknown = JSON.parse(await readFile(join(folder, 'cache'), 'utf8'));
    if (!files) return { merged, tree: '' };
    await runStage(folder, 'files', config);
    const list = `cd "$1" && find . ! -name .ignition-result.json -printf '%P %y %m %U %G %l\\n' | sort && find . -type f ! -name .ignition-result.json ! -name '*.preset' -exec sha256sum {} + | sort && find . -name '*.preset' -exec sort {} +`;
    return { merged, tree: await output(['bash', '-c', list, '-', join(folder, 'root')]) };
  });
}

/** The parent with a reference to the child, which Ignition fetches and merges. */
function referring(parent: Config, child: unknown): unknown {
  const source = encodeDataUrl(JSON.stringify(child));
  return { ...parent, ignition: { ...parent.ignition, config: { merge: [{ source }] } } };
}

interface Config {
  readonly ignition: object;
}

/** Without what is empty, the version (the newest one inside Ignition) and the references, which it keeps. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => essence(item) ?? {});
  if (typeof value !== 'object') return value === '' ? undefined : value;
  const members = Object.entries(value ?? {})
    .map(([name, member]): [string, unknown] => [
      name,
      name === 'version' || name === 'config' ? undefined : essence(member),
    ])
    .filter(([, member]) => member !== undefined && member !== null && member !== 0);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** Whether the hub and Ignition take a config. */
function isRight(config: unknown): boolean {
  return !checkIgnition({ text: JSON.stringify(config) }).some(({ severity }) => severity === 'error');
}

/** Configs that use every field, without what Ignition would have to fetch. */
function wideConfigs(count: number): Config[] {
  return fc
    .sample(ignitionConfigs(), { numRuns: count, seed: 11 })
    .map((config) => {
      const { ignition, ...rest } = config as { readonly ignition: Config };
      return { ...rest, ignition: { ...ignition, config: null, security: null } };
    })
    .filter((config) => {
      const told = checkIgnition({ text: JSON.stringify(config) });
      // What Ignition does not know, it drops; the special bits of modes too.
      return !told.some(({ id, severity }) => severity === 'error' || /-key$|key-case$|mode-/.test(id));
    });
}

describe.skipIf(!existsSync(ignition))('Ignition itself', () => {
  describeWith({ root: true, programs: ['ignition-validate'] }, 'merges', () => {
    const pairs = fc
      .sample(fc.tuple(writableConfigs(), writableConfigs()), { numRuns: 40, seed: 7 })
      .map(([parent, child]) => ({ parent: parent as Config, child, merged: mergeIgnition(parent, child) }))
      .filter(({ merged }) => isRight(merged));

    it.each([
      ['few fields that meet often', pairs],
      [
        'every field',
        wideConfigs(240).flatMap((parent, index, all) => {
          const child = all[index + 1];
          const merged = mergeIgnition(parent, child);
          return child === undefined || index % 2 === 1 || !isRight(merged)
            ? []
            : [{ parent, child, merged }];
        }),
      ],
    ])('two configs as we do: %s', async (_, pairs) => {
      expect(pairs.length).toBeGreaterThan(20);
      for (const { parent, child, merged } of pairs) {
        const theirs = await apply(referring(parent, child), false);
        expect(essence(merged), JSON.stringify([parent, child])).toEqual(essence(theirs.merged));
      }
    });

    it('to the same files, links, directories and units', async () => {
      let written = 0;
      for (const { parent, child, merged } of pairs.slice(0, 12)) {
        const theirs = await apply(referring(parent, child), true);
        expect((await apply(merged, true)).tree).toBe(theirs.tree);
        written += theirs.tree.split('\n').length;
      }
      expect(written).toBeGreaterThan(100);
    });
  });
});
