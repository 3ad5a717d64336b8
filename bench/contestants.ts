import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../test/support/blob-folder.ts';
import { output, toolPath } from '../test/support/process.ts';
import type { ReleaseSet } from '../test/support/release-set.ts';
import type { SetImage } from '../test/support/set-images.ts';
import archivePerImage from './archive-per-image.sh?raw';
import directoryPerImage from './directory-per-image.sh?raw';
import type { Command } from './measure.ts';

/** A way of staging a release into an empty folder. */
export interface Contestant {
  readonly name: string;
  readonly command: (folder: string) => Command;
  /** Digests of the manifests that the folder holds afterwards. */
  readonly staged: (folder: string) => Promise<readonly string[]>;
}

/** Ours first, then what it is measured against. */
export function contestantsFor(set: ReleaseSet): readonly [Contestant, Contestant, Contestant] {
  const references = releaseImagesOf(set).map(({ reference }) => `${reference}\n`);
  const perImage = (script: string) => (folder: string) => ({
    argv: ['bash', '-c', script, 'bash', folder, String(availableParallelism())] as const,
    input: references.join(''),
  });
  const download = ['download', '--release-image', set.release.reference, '-p', '16', '--no-mount-check'];
  return [
    {
      name: 'factory-precaching-cli download',
      command: (folder) => ({ argv: [toolPath, ...download, '-f', folder] }),
      staged: (folder) => manifestDigests(join(folder, 'images')),
    },
    {
      name: 'skopeo + tar czf an image',
      command: perImage(archivePerImage),
      staged: archivedDigests,
    },
    { name: 'skopeo copy to dir: alone', command: perImage(directoryPerImage), staged: manifestDigests },
  ];
}

/** What each contestant has to stage: the release image and its components. */
export function releaseImagesOf(set: ReleaseSet): readonly SetImage[] {
  return [set.release, ...set.components];
}

async function manifestDigests(folder: string): Promise<string[]> {
  const digests: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    digests.push(digestOf(await readFile(join(folder, entry.name, 'manifest.json'))));
  }
  return digests;
}

async function archivedDigests(folder: string): Promise<string[]> {
  const digests: string[] = [];
  for (const name of await readdir(folder)) {
    const manifest = `${name.replace(/\.tgz$/, '')}/manifest.json`;
    const archive = join(folder, name);
    digests.push(digestOf(await output(['tar', '-xzOf', archive, '--occurrence=1', manifest])));
  }
  return digests;
}
