import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeScratchStorage } from './first-boot.ts';
import { type Outcome, run } from './process.ts';

const script = fileURLToPath(new URL('../../scripts/image', import.meta.url));

/** Runs a command where `docker` is podman, with the image and without a network. */
export type ContainerHost = (argv: readonly string[]) => Promise<Outcome>;

/** Builds the image of the executable in a storage below `folder`: nothing is pulled. */
export async function makeContainerHost(folder: string, tag: string): Promise<ContainerHost> {
  const storage = await makeScratchStorage(join(folder, 'storage'));
  const docker = join(folder, 'bin/docker');
  await write(docker, '#!/bin/sh\nexec podman "$@"\n');
  await chmod(docker, 0o755);
  const settings = join(folder, 'containers.conf');
  await write(
    settings,
    '[containers]\ncgroups = "disabled"\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n',
  );
  const env = {
    ...storage.env,
    CONTAINERS_CONF: settings,
    PATH: `${dirname(docker)}:${process.env['PATH']}`,
  };
  // Containers of podman are a matter of its own mounts, and need cgroups of one kind only.
  const inside = ['sh', '-c', 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', 'sh'];
  const host: ContainerHost = (argv) =>
    run(['unshare', '--net', '--mount', '--propagation', 'private', ...inside, ...argv], { env });
  const { status, stderr } = await host([script, tag]);
  if (status !== 0) throw new Error(`scripts/image: status ${status}\n${stderr}`);
  return host;
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
