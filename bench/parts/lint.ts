import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolPath } from '../../test/support/process.ts';
import { contest, middle, type Result } from '../contest.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { barTable, resultTable } from '../markdown.ts';
import type { Bench } from './part.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/site/', import.meta.url));

/** `lint` of a repository of real documents, each with names of its own: the seed's among them, with its scripts. */
export async function lint({ registry, work, runs, small, tell }: Bench): Promise<string> {
  const count = small ? 500 : 10_000;
  const repository = join(work, 'sites');
  const bytes = await writeRepository(repository, count);
  // It ends with 3: the documents have mistakes.
  const command = '"$0" lint "$1" || test $? = 3';
  const contestant: Contestant = {
    name: 'factory-precaching-cli lint',
    command: () => ({ argv: ['bash', '-c', command, toolPath, repository] }),
    converts: false,
  };
  const track = { registry, work, tell, check: async () => undefined };
  const results = (await contest([contestant], runs, track)) as [Result];
  const seconds = middle(results[0], 'wall');
  const mebibytes = Math.round(bytes / 1024 / 1024);
  return [
    `${count} documents of ${mebibytes} MiB; ${Math.round(count / seconds)} documents a second.\n`,
    resultTable(results),
    barTable([{ what: 'seconds for the repository', value: seconds, most: 15 }], !small),
  ].join('\n');
}

/** Writes documents, a hundred in a folder; gives their bytes. */
async function writeRepository(folder: string, count: number): Promise<number> {
  const names = await readdir(fixtures);
  const texts = await Promise.all(names.map((name) => readFile(join(fixtures, name), 'utf8')));
  let bytes = 0;
  for (let index = 0; index < count; index += 1) {
    const group = join(folder, `group-${Math.floor(index / 100)}`);
    if (index % 100 === 0) await mkdir(group, { recursive: true });
    const text = (texts[index % texts.length] ?? '').replaceAll('example', `site-${index}`);
    await writeFile(join(group, `site-${index}.yaml`), text);
    bytes += Buffer.byteLength(text);
  }
  return bytes;
}
