import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { type Outcome, output, run } from './process.ts';

/** The two scripts that the overrides of an edited SiteConfig carry, as Ignition would write them. */
export interface BootScripts {
  readonly ai: string;
  readonly ocp: string;
}

/** Reads the scripts out of the first cluster and its first node. */
export function bootScriptsOf(siteConfig: string): BootScripts {
  const document = parseDocument(siteConfig);
  const file = (override: unknown, path: string): string => {
    const { storage } = JSON.parse(String(override)) as {
      storage: { files: { path: string; contents: { source: string } }[] };
    };
    const source = storage.files.find((each) => each.path === path)?.contents.source;
    if (source?.startsWith('data:,') !== true) throw new Error(`no ${path} in the override`);
    return decodeURIComponent(source.slice('data:,'.length));
  };
  const cluster = ['spec', 'clusters', 0];
  return {
    ai: file(document.getIn([...cluster, 'ignitionConfigOverride']), '/usr/local/bin/extract-ai.sh'),
    ocp: file(
      document.getIn([...cluster, 'nodes', 0, 'ignitionConfigOverride']),
      '/usr/local/bin/extract-ocp.sh',
    ),
  };
}

/** A container storage of its own below a folder; skopeo and podman find it by the environment. */
export interface ScratchStorage {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function makeScratchStorage(folder: string): Promise<ScratchStorage> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'storage.conf');
  const driver = isRoot ? 'overlay' : 'vfs';
  const lines = [
    '[storage]',
    `driver = "${driver}"`,
    `graphroot = "${folder}/graph"`,
    `runroot = "${folder}/run"`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return { folder, env: { CONTAINERS_STORAGE_CONF: file, TMPDIR: folder } };
}

/** Removes a storage with all its layers, whatever permissions their folders have. */
export async function removeScratchStorage({ folder }: ScratchStorage): Promise<void> {
  await output([...offline, 'rm', '-rf', folder]);
}

export interface FirstBoot {
  readonly group: keyof BootScripts;
  readonly script: string;
  readonly storage: ScratchStorage;
  /** The partition to mount, as the unit would; or a plain folder. */
  readonly staged: { readonly device: string } | { readonly folder: string };
}

/** What the script reports about itself. */
export interface BootReport {
  readonly state: 'complete' | 'incomplete';
  readonly references: number;
  readonly loaded: readonly { readonly reference: string; readonly seconds: number }[];
  readonly skipped: readonly string[];
  readonly failed: readonly { readonly reference: string; readonly reason: string }[];
  readonly bytes: number;
  readonly seconds: number;
}

/** Runs a boot script where no network is: a network namespace without any interface. */
export async function bootOffline({
  group,
  script,
  storage,
  staged,
}: FirstBoot): Promise<{ status: number; log: string; report: BootReport }> {
  const folder = 'folder' in staged ? staged.folder : join(storage.folder, 'mnt');
  const path = join(storage.folder, `extract-${group}.sh`);
  await writeFile(path, script);
  await mkdir(folder, { recursive: true });
  const mount =
    'device' in staged
      ? `mount -t xfs -o ro,norecovery,nodev,nosuid,noexec ${staged.device} ${folder} && `
      : '';
  // Podman keeps state in these, which without root are somebody else's.
  const ownRun = isRoot ? '' : 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm && ';
  const { status, stdout, stderr } = await run(
    [...offline, 'bash', '-c', `${ownRun}${mount}exec bash ${path}`],
    {
      env: {
        ...storage.env,
        PRECACHE_FOLDER: folder,
        PRECACHE_REPORT_DIR: storage.folder,
        PRECACHE_TMPDIR: storage.folder,
      },
    },
  );
  const report = await readFile(join(storage.folder, `report-${group}.json`), 'utf8');
  return { status, log: stdout + stderr, report: JSON.parse(report) as BootReport };
}

/** Runs skopeo or podman on a storage, where the boot scripts run: without a network, its mounts its own. */
export function runInStorage(storage: ScratchStorage, argv: readonly string[]): Promise<Outcome> {
  return run([...offline, ...argv], { env: storage.env });
}

/** The references that the storage does not have under exactly that name. Asked without a network, too. */
export async function missingIn(storage: ScratchStorage, references: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const reference of references) {
    const argv = ['skopeo', 'inspect', '--raw', `containers-storage:${reference}`];
    const { status } = await runInStorage(storage, argv);
    if (status !== 0) missing.push(reference);
  }
  return missing;
}

/** Interfaces a program sees where the boot scripts run: loopback alone, and that is down. */
export async function interfacesOffline(): Promise<string[]> {
  const lines = (await output([...offline, 'cat', '/proc/net/dev'])).trim().split('\n').slice(2);
  return lines.map((line) => line.trim().split(':')[0] ?? '');
}

const isRoot = process.getuid?.() === 0;

const offline: readonly [string, ...string[]] = isRoot
  ? ['unshare', '--net', '--mount', '--propagation', 'private']
  : ['unshare', '--user', '--map-root-user', '--net', '--mount'];
