import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { lacking } from '../test/support/needs.ts';
import { output, run } from '../test/support/process.ts';

/** A program of the bench: where it is and its version, or why it is not there. */
export interface Tool {
  readonly path: string | undefined;
  readonly version: string;
}

/** The peers that Debian does not have. */
export interface Tools {
  readonly crane: Tool;
  readonly regctl: Tool;
  readonly telcoRanTools: Tool;
}

const cacheFolder = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'factory-precaching-cli-bench',
);

/** Finds crane, regctl and the Go tool in the bench's cache folder; those that are not there are built with Go, if that is there. */
export async function findTools(): Promise<Tools> {
  return {
    crane: await goTool('github.com/google/go-containerregistry/cmd/crane', ['version']),
    regctl: await goTool('github.com/regclient/regclient/cmd/regctl', ['version', '--format', '{{.VCSTag}}']),
    telcoRanTools: await goTool('github.com/openshift-kni/telco-ran-tools', ['--version']),
  };
}

/** A program that the bench does not build: on the PATH, or put into the bench's cache folder by hand. */
export async function toolAt(name: string, versionArguments: readonly string[]): Promise<Tool> {
  const cached = join(cacheFolder, name);
  const path = existsSync(cached) ? cached : lacking({ programs: [name] }).length === 0 ? name : undefined;
  if (path === undefined) return { path, version: 'not there' };
  const said = await output([path, ...versionArguments]);
  return { path, version: /v\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'of an unknown version' };
}

async function goTool(module: string, versionArguments: readonly string[]): Promise<Tool> {
  const name = module.slice(module.lastIndexOf('/') + 1);
  const path = join(cacheFolder, name);
  if (!existsSync(path)) {
    if (lacking({ programs: ['go'] }).length > 0)
      return { path: undefined, version: 'not there: Go is missing' };
    await mkdir(cacheFolder, { recursive: true });
    const built = await run(['go', 'install', `${module}@latest`], {
      env: { GOBIN: cacheFolder },
      cwd: cacheFolder,
    });
    if (built.status !== 0) {
      const reason = built.stderr.trim().split('\n').at(-1) ?? '';
      return { path: undefined, version: `not there: go install failed: ${reason}` };
    }
  }
  return { path, version: (await output([path, ...versionArguments])).trim() };
}
