import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Event } from '../core/events.ts';
import { writeSiteHooks } from './edit-site.ts';

const seed = fileURLToPath(new URL('../../test/fixtures/site/siteconfig-seed.yaml', import.meta.url));

async function run(
  file: string,
  label: string,
  input = '',
): Promise<{ text: string; told: readonly Event[] }> {
  const told: Event[] = [];
  const text = await writeSiteHooks(
    { file, label },
    { readInput: () => Promise.resolve(input), emit: (event) => told.push(event) },
  );
  return { text, told };
}

describe('writeSiteHooks', () => {
  it('says of every cluster and node what was written', async () => {
    const { text, told } = await run(seed, 'data');
    expect(told).toEqual([
      { type: 'step', text: 'cluster sno-worker-0: ignitionConfigOverride written' },
      {
        type: 'step',
        text: 'node snonode.sno-worker-0.example.domain.redhat.com: ignitionConfigOverride written',
      },
    ]);
    const again = await run('-', 'data', text);
    expect(again.text).toBe(text);
    expect(again.told).toMatchObject([{ text: 'cluster sno-worker-0: up to date' }, {}]);
  });

  it('replaces its own label and nothing else', async () => {
    const { text } = await run(seed, 'data');
    const relabelled = await run('-', 'spare', text);
    expect(relabelled.text).toContain(`installerArgs: '["--save-partlabel", "spare"]'`);
    expect((await run('-', 'data', relabelled.text)).text).toBe(text);
  });

  it.each([
    [seed, 'a b', '', { code: 'usage' }],
    ['/nowhere/site.yaml', 'data', '', { code: 'not-found' }],
    ['-', 'data', 'a: [', { code: 'invalid-document', source: { name: '<stdin>' } }],
    [
      seed.replace('-seed', '-comprehensive'),
      'data',
      '',
      { code: 'invalid-document', diagnostics: [{}, {}] },
    ],
  ])('%s with label %s is refused', async (file, label, input, error) => {
    await expect(run(file, label, input)).rejects.toMatchObject(error);
  });

  it('leaves the file alone', async () => {
    const before = await readFile(seed);
    await run(seed, 'data');
    expect(await readFile(seed)).toEqual(before);
  });
});
