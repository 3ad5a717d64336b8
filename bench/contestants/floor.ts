import { contentsOf } from '../../test/support/contents.ts';
import type { Contestant, Family, Task } from './contestant.ts';
import script from './floor.sh?raw';

/** How curl is run: connections of each process, and processes. */
export interface Width {
  readonly connections: number;
  readonly processes: number;
}

/**
 * The floor: the same blobs and manifests, each once, by curl, then hashed on all cores, then synced. `hash` is the
 * program: `sha256sum` of some distributions does without the processor's SHA instructions, `openssl` has them.
 */
export function floor(task: Task, hash: 'sha256sum' | 'openssl', widths: readonly Width[]): Family {
  const name = `floor: curl, ${hash}, sync`;
  const variant = ({ connections, processes }: Width): Contestant => ({
    name: `${name}; ${processes} × ${connections} connections`,
    command: (folder) => ({
      argv: ['bash', '-c', script, 'bash', folder, String(connections), String(processes), hash],
      input: curlConfiguration(task, folder),
    }),
    converts: false,
  });
  return { name, variants: widths.map(variant) };
}

/** curl's configuration, a record for each file, ended by `;`. */
function curlConfiguration({ images, host }: Task, folder: string): string {
  const urls = new Map<string, string>();
  for (const image of images) {
    const { manifests, blobs } = contentsOf(image);
    const repository = `http://${host}/v2/${image.repository}`;
    for (const { digest } of manifests) urls.set(digest, `${repository}/manifests/${digest}`);
    for (const { digest } of blobs) if (!urls.has(digest)) urls.set(digest, `${repository}/blobs/${digest}`);
  }
  return [...urls]
    .map(([digest, url]) => `url = "${url}"\noutput = "${folder}/${digest.slice('sha256:'.length)}"\n;`)
    .join('');
}
