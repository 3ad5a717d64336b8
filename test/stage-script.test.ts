import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatStageScript } from '../src/core/rehearsal/stage-script.ts';
import { output } from './support/process.ts';

it('keeps every word of an override as it is on the way through bash', async () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1 }), async (words) => {
      const files = words.map((path) => ({ path, text: '' }));
      const calls = formatStageScript({
        stage: 'discovery',
        services: [],
        mounts: [],
        sockets: [],
        files,
        units: [],
      });
      const said = await output(['bash', '-c', `place() { printf '%s\\0' "$2"; }\n${calls}`]);
      expect(said.split('\0').slice(0, -1)).toEqual(words);
    }),
    { seed: 1, numRuns: 30, examples: [[['it\'s $(id) `id` \\ "x"\n']]] },
  );
});
