import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificates } from './certificates.ts';
import { output } from './process.ts';

/** A `docker-registry` of Debian, running on a free port of 127.0.0.1. */
export interface DockerRegistry {
  /** What references begin with: `127.0.0.1:4711`. */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  /** The root directory of its filesystem storage. */
  readonly storage: string;
  /** What clients need to trust it: a folder for `--cert-dir`, if it speaks TLS. */
  readonly trustFolder: string | undefined;
  /** What clients need to be let in: a containers-auth.json, if it wants a password. */
  readonly authFile: string | undefined;
  /** Ends this process, and waits for its end. */
  readonly stop: () => Promise<void>;
}

export interface DockerRegistryOptions {
  readonly certificates?: Certificates;
  /** Basic access for one user. */
  readonly user?: { readonly username: string; readonly password: string };
}

/** Starts a registry whose configuration and storage are in `folder`, and waits until it listens. */
export async function startDockerRegistry(
  folder: string,
  { certificates, user }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const storage = join(folder, 'storage');
  const passwords = join(folder, 'htpasswd');
  if (user !== undefined) {
    const hashed = await output(['htpasswd', '-niB', user.username], { input: user.password });
    await writeFile(passwords, hashed);
  }
  const tls = certificates && { certificate: certificates.certificateFile, key: certificates.keyFile };
  const configuration = {
    version: 0.1,
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: '127.0.0.1:0', secret: 'only one of them', ...(tls && { tls }) },
    ...(user && { auth: { htpasswd: { realm: 'docker-registry', path: passwords } } }),
  };
  // JSON is YAML too.
  const configurationFile = join(folder, 'config.yml');
  await writeFile(configurationFile, JSON.stringify(configuration));

  // Whatever becomes of this process, the registry does not outlive it.
  const argv = ['setpriv', '--pdeathsig', 'TERM', 'docker-registry', 'serve', configurationFile] as const;
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const host = await addressOf(child);
  return {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    pid: child.pid ?? 0,
    storage,
    trustFolder: certificates?.trustFolder,
    authFile: user && (await writeAuthFile(folder, host, user)),
    stop: () => stop(child),
  };
}

/** skopeo's flags to reach the registry: for the one side of a copy, or for the only side of other commands. */
export function skopeoAccess(registry: DockerRegistry, side?: 'src' | 'dest'): readonly string[] {
  const flag = (name: string) => (side === undefined ? `--${name}` : `--${side}-${name}`);
  return [
    ...(registry.trustFolder === undefined
      ? [`${flag('tls-verify')}=false`]
      : [flag('cert-dir'), registry.trustFolder]),
    ...(registry.authFile === undefined ? [] : [flag('authfile'), registry.authFile]),
  ];
}

/** The registry chooses its port and says so in its log; reading it there leaves no gap for somebody else. */
async function addressOf(child: ChildProcess & { stderr: NodeJS.ReadableStream }): Promise<string> {
  return await new Promise((resolve, reject) => {
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      const address = /"listening on ([^",]+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.on('error', reject);
    child.on('exit', (status) => reject(new Error(`docker-registry ended (${status}): ${log.join('\n')}`)));
  });
}

async function writeAuthFile(
  folder: string,
  host: string,
  user: { readonly username: string; readonly password: string },
): Promise<string> {
  const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
  const file = join(folder, 'auth.json');
  await writeFile(file, JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
  return file;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
