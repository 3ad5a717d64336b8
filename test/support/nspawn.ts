import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './process.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A root directory for a container with this machine's programs and its own units, run by a real systemd. */
export interface Machine {
  readonly root: string;
  /** Puts a file there, executable if asked. */
  readonly put: (path: string, content: string, mode?: number) => Promise<void>;
  readonly read: (path: string) => Promise<string>;
  /** Starts units with the boot. */
  readonly enable: (...units: readonly string[]) => Promise<void>;
  /**
   * Boots it without a network, until it powers itself off; rejects after three minutes, or so many seconds. The text is
   * the console's.
   */
  readonly boot: (binds?: readonly string[], seconds?: number) => Promise<string>;
}

const units = '/etc/systemd/system';
const folders = [
  'usr',
  'var',
  'run',
  'tmp',
  'proc',
  'sys',
  'dev',
  'root',
  'bin-local',
  `${units}/multi-user.target.wants`,
];
/** What this machine's programs need of its configuration. */
const copied =
  'passwd group shadow nsswitch.conf ld.so.cache ld.so.conf ld.so.conf.d alternatives containers'.split(' ');
/** What a container starts of a Debian and no test wants. */
const unwanted = [
  'getty@.service',
  'console-getty.service',
  'systemd-logind.service',
  'systemd-networkd.service',
  'systemd-networkd-wait-online.service',
  'podman-auto-update.service',
  'podman-restart.service',
];

/** Makes the root directory; its `/usr` is this machine's, read-only, its `/usr/local/bin` its own. */
export async function makeMachine(root: string): Promise<Machine> {
  const put: Machine['put'] = async (path, content, mode = 0o644) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { mode });
  };
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  for (const name of copied)
    await cp(join('/etc', name), join(root, 'etc', name), { recursive: true, verbatimSymlinks: true });
  await put('etc/os-release', await readFile('/etc/os-release', 'utf8'));
  // With an identity this is no first boot, on which systemd would enable whatever it finds.
  await put('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  await symlink('/lib/systemd/system/multi-user.target', join(root, units, 'default.target'));
  for (const unit of unwanted) await symlink('/dev/null', join(root, units, unit));
  return {
    root,
    put: (path, ...rest) => put(path.replace('/usr/local/bin/', '/bin-local/'), ...rest),
    read: (path) => readFile(join(root, path), 'utf8'),
    enable: async (...names) => {
      for (const name of names) {
        const wanted = join(root, units, 'multi-user.target.wants', name);
        await rm(wanted, { force: true });
        await symlink(join(units, name), wanted);
      }
    },
    boot: (binds = [], seconds = 180) => bootMachine(root, binds, seconds),
  };
}

async function bootMachine(root: string, binds: readonly string[], seconds: number): Promise<string> {
  const options = [
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--private-network',
    `--machine=test-${randomUUID()}`,
  ];
  const mounts = [
    '--bind-ro=/usr',
    `--bind=${root}/bin-local:/usr/local/bin`,
    ...binds.map((path) => `--bind=${path}`),
  ];
  const systemd = ['--directory', root, '--boot', 'systemd.log_target=console'];
  const limit = ['timeout', '--kill-after=10', String(seconds)] as const;
  const { status, stdout, stderr } = await run([
    ...limit,
    'systemd-nspawn',
    ...options,
    ...mounts,
    ...systemd,
  ]);
  if (status === 0) return stdout + stderr;
  throw new Error(`systemd-nspawn: status ${status}\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
}

/** Whether this host lets a container boot: not every one does, even for root. */
export async function canBoot(): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await run(['which', 'systemd-nspawn'])).status !== 0) return false;
  const folder = await makeTemporaryFolder();
  try {
    const machine = await makeMachine(join(folder.path, 'root'));
    await machine.put('/etc/systemd/system/off.service', powerOff);
    await machine.enable('off.service');
    await machine.boot();
    return true;
  } catch {
    return false;
  } finally {
    await folder.remove();
  }
}

const powerOff = '[Service]\nType=oneshot\nExecStart=/usr/bin/systemctl poweroff --no-block\n';
