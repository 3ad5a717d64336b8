import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, toolPath } from '../test/support/process.ts';

/** Real documents, each of one cluster with one node. */
const models = ['siteconfig-sno.yaml', 'siteconfig-argocd-example-sno.yaml', 'clusterinstance-sno.yaml'];
const perFolder = 100;

/** Writes a repository of sites that have their hooks, each cluster under a name of its own. */
export async function writeSites(folder: string, count: number): Promise<void> {
  const texts = await Promise.all(
    models.map((name) => output([toolPath, 'siteconfig', '-c', join('test/fixtures/site', name)])),
  );
  for (let number = 0; number < count; number += 1) {
    const group = join(folder, `group-${Math.floor(number / perFolder)}`);
    if (number % perFolder === 0) await mkdir(group, { recursive: true });
    const text = texts[number % texts.length] ?? '';
    const own = text.replaceAll(/(clusterName:|namespace:) *"?[\w-]+"?/g, `$1 "site-${number}"`);
    await writeFile(join(group, `site-${number}.yaml`), own);
  }
}

/** A document without hooks, as a tool would be given it. */
export async function readModel(): Promise<string> {
  return await readFile(join('test/fixtures/site', 'siteconfig-sno.yaml'), 'utf8');
}
