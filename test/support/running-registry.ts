import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { mirrorName } from '../../src/core/containers/mirror-place.ts';
import { toolPath } from './process.ts';

/** A `registry serve` of this checkout's build, on a free port of 127.0.0.1. */
export interface RunningRegistry {
  /** `127.0.0.1:4711`. */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  /** What it printed so far. */
  readonly said: { readonly stdout: string; readonly stderr: string };
  /** Its exit status, once it has ended; -1 for a signal. */
  readonly ended: Promise<number>;
  /** Ends it, and gives its exit status. */
  readonly stop: () => Promise<number>;
}

/** Starts a registry on a staging folder, and waits until it listens. */
export async function startRegistry(root: string, ...args: readonly string[]): Promise<RunningRegistry> {
  const argv = ['registry', 'serve', '--root', root, '--listen', '127.0.0.1:0', ...args];
  // Whatever becomes of this process, the registry does not outlive it.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', toolPath, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = endOf(child);
  const host = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', () => {
      const found = /^Serving .* on http:\/\/(\S+)\n/m.exec(said.stderr)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(
      (status) => reject(new Error(`registry serve ended (${status}): ${said.stderr}`)),
      reject,
    );
  });
  return {
    host,
    url: `http://${host}`,
    pid: child.pid ?? 0,
    said,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<number> {
  const [status] = (await once(child, 'close')) as [number | null];
  return status ?? -1;
}

/** Writes a registries.conf: a mirror in front of a registry, or in its place. All without TLS. */
export async function writeMirrorConf(
  path: string,
  registry: string,
  mirror: string,
  how: 'in front' | 'in its place' = 'in front',
): Promise<void> {
  const location = `location = "${mirror}/${mirrorName(registry)}"`;
  const lines =
    how === 'in front'
      ? [`location = "${registry}"`, 'insecure = true', '[[registry.mirror]]', location, 'insecure = true']
      : [`prefix = "${registry}"`, location, 'insecure = true'];
  await writeFile(path, ['[[registry]]', ...lines, ''].join('\n'));
}
