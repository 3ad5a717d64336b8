import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirView } from '../test/support/dir-view.ts';
import { output } from '../test/support/process.ts';
import type { SetImage } from '../test/support/set-images.ts';

/** A staging folder in both formats, as its loaders want it. */
export interface StagedImages {
  readonly folder: string;
  readonly references: readonly string[];
  /** Artifact and reference, a line each, in load order. */
  readonly lines: string;
}

/** Lays images of a folder of blobs out for loading, in the pool format and as archives that are really compressed. */
export async function stageForLoading(folder: string, images: readonly SetImage[]): Promise<StagedImages> {
  const views = join(folder, 'images');
  await mkdir(views, { recursive: true });
  const staged = images.map(({ reference, manifest }) => ({
    reference,
    artifact: (reference.split('/').at(-1) ?? '').replaceAll(':', '_'),
    size: manifest.blobs.reduce((sum, { size }) => sum + size, 0),
  }));
  for (const [at, image] of images.entries()) {
    const artifact = staged[at]?.artifact ?? '';
    await writeDirView(folder, image, join(views, artifact));
    await output([
      'tar',
      '--use-compress-program=pigz -1',
      '-cf',
      join(folder, `${artifact}.tgz`),
      '-C',
      views,
      artifact,
    ]);
  }
  const references = images.map(({ reference }) => reference);
  await writeFile(join(folder, 'ocp-images.txt'), references.map((reference) => `${reference}\n`).join(''));
  await writeFile(join(folder, 'precache.json'), JSON.stringify({ images: staged }));
  const lines = staged.map(({ artifact, reference }) => `${artifact} ${reference}\n`).join('');
  return { folder, references, lines };
}
