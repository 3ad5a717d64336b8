import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { duOperators } from '../src/core/imageset/du-operators.ts';

it('the table of operators in docs/image-sets.md says what the list says', () => {
  const text = readFileSync(new URL('../docs/image-sets.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([\w-]+)` +\| (redhat|certified) +\| `(\S+)` +\|(.*)\|(.*)\|$/gm)].map(
    ([, name, catalog, channel, since, before]) => [name, catalog, channel, since?.trim(), before?.trim()],
  );
  expect(rows).toEqual(
    duOperators.map((each) => [
      each.package,
      each.catalog,
      each.channel,
      each.since ?? '',
      each.before ?? '',
    ]),
  );
});
