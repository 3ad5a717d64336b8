import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bootScriptsOf,
  makeScratchStorage,
  removeScratchStorage,
  type ScratchStorage,
} from './first-boot.ts';
import { output, run } from './process.ts';

/** A reference of the list as the storage has it after a script ran; `digest` of the manifest it gives back. */
export interface Loaded {
  readonly reference: string;
  readonly digest: string;
}

const seedSite = new URL('../fixtures/site/siteconfig-seed.yaml', import.meta.url);
/** Where the script of the seed document expects the partition. */
const seedFolder = '/var/mnt';

/** Runs the installation script of the seed document itself (`tar zxvf`), for a folder instead of the partition. */
export async function loadAsSeed(folder: string, storage: string): Promise<Loaded[]> {
  const { ocp } = bootScriptsOf(await readFile(seedSite, 'utf8'));
  return loadWith(ocp.replaceAll(seedFolder, folder), folder, await makeScratchStorage(storage));
}

/** Unpacks and loads with the commands of the Go tool's script, which cuts names in its own way. */
export async function loadAsGoTool(folder: string, storage: string): Promise<Loaded[]> {
  const script = `set -e
    while read -r uri; do
      tar=$(basename \${uri/:/_})
      tar --use-compress-program=pigz -xf "$tar.tgz"
      skopeo copy "dir://$PWD/$tar" "containers-storage:$uri" -q
      rm -rf "$tar"
    done <ocp-images.txt`;
  return loadWith(script, folder, await makeScratchStorage(storage));
}

/** In namespaces of its own: no network, and the storage's mounts end with it. */
const apart = ['unshare', '--net', '--mount', '--propagation', 'private'] as const;

async function loadWith(script: string, folder: string, storage: ScratchStorage): Promise<Loaded[]> {
  const options = { cwd: folder, env: storage.env };
  try {
    const { status, stdout, stderr } = await run([...apart, 'bash', '-c', script], options);
    if (status !== 0) throw new Error(stdout + stderr);
    const references = (await readFile(join(folder, 'ocp-images.txt'), 'utf8')).trimEnd().split('\n');
    const loaded: Loaded[] = [];
    for (const reference of references) {
      const argv = [...apart, 'skopeo', 'inspect', '--raw', `containers-storage:${reference}`] as const;
      const digest = createHash('sha256')
        .update(await output([...argv], options))
        .digest('hex');
      loaded.push({ reference, digest: `sha256:${digest}` });
    }
    return loaded;
  } finally {
    await removeScratchStorage(storage);
  }
}
