import { chmod, copyFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeScratchStorage } from './first-boot.ts';
import { type Outcome, output, run } from './process.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a command where `docker` is podman, with the image and without a network. */
export type ContainerHost = (argv: readonly string[]) => Promise<Outcome>;

/**
 * Builds the image of deploy/Containerfile in a storage below `folder`, on a base made of this machine's Node.js, `env`
 * and `sh`: nothing is pulled.
 */
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
  await makeBase(join(folder, 'base'));
  const build = ['podman', 'build', '--quiet', '--isolation', 'chroot', '--pull=never'];
  await succeed(host([...build, '-t', 'localhost/base', join(folder, 'base')]));
  const file = join(checkout, 'deploy/Containerfile');
  await succeed(host([...build, '-f', file, '--build-arg', 'BASE=localhost/base', '-t', tag, checkout]));
  return host;
}

async function succeed(running: Promise<Outcome>): Promise<void> {
  const { status, stderr } = await running;
  if (status !== 0) throw new Error(`podman build: status ${status}\n${stderr}`);
}

async function makeBase(folder: string): Promise<void> {
  for (const [name, program] of [
    ['node', process.execPath],
    ['env', '/usr/bin/env'],
    ['sh', '/bin/sh'],
  ] as const) {
    await install(folder, await realpath(program), `usr/bin/${name}`);
    for (const library of await librariesOf(program)) await install(folder, await realpath(library), library);
  }
  await write(join(folder, 'etc/passwd'), 'root:x:0:0:::\nnobody:x:65534:65534:::\n');
  await write(
    join(folder, 'Containerfile'),
    'FROM scratch\nCOPY usr /usr\nCOPY lib /lib\nCOPY lib64 /lib64\nCOPY etc /etc\n',
  );
}

/** The shared libraries of a program, and what loads them. */
async function librariesOf(program: string): Promise<string[]> {
  const listed = await output(['ldd', program]);
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

async function install(root: string, from: string, to: string): Promise<void> {
  const target = join(root, to);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
