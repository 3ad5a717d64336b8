import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, run } from '../../test/support/process.ts';
import { makeTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { barTable, table } from '../markdown.ts';
import { median } from '../measure.ts';
import type { Bench } from './part.ts';

/** The fixtures, as seen from `build/bench`. */
const fixtures = fileURLToPath(new URL('../../test/fixtures', import.meta.url));

/** Runs of a few milliseconds each: more of them than of the others. */
const factor = 5;

/** The genuine signature of 4.15.0: keys read and verified in a new process, then warm; and `gpg --verify` beside it. */
export async function signature({ runs, small }: Bench): Promise<string> {
  const folders = await readdir(join(fixtures, 'signatures'));
  const folder = folders.find((name) => name.startsWith('sha256=0da6')) ?? '';
  const file = join(fixtures, 'signatures', folder, 'signature-1');
  const program = fileURLToPath(new URL('./signature-run.mjs', import.meta.url));
  const first: number[] = [];
  const warm: number[] = [];
  for (let round = 0; round < runs * factor; round += 1) {
    const argv = [process.execPath, program, file, folder.slice('sha256='.length)] as const;
    const measured = JSON.parse(await output(argv)) as { first: number; warm: number };
    first.push(measured.first);
    warm.push(measured.warm);
  }
  const value = median(first);
  return [
    table(
      ['', 'runs', 'ms', 'from–to'],
      [
        row('factory-precaching-cli, first in a process', first),
        row('factory-precaching-cli, when warm', warm),
        row('gpg --verify, a whole process', await gpgTimes(file, runs * factor)),
      ],
    ),
    barTable([{ what: 'ms of the first verification after start-up', value, most: 20 }], !small),
  ].join('\n');
}

function row(name: string, times: readonly number[]): readonly string[] {
  if (times.length === 0) return [name, '0', '–', '–'];
  const range = `${Math.min(...times).toFixed(2)}–${Math.max(...times).toFixed(2)}`;
  return [name, String(times.length), median(times).toFixed(2), range];
}

async function gpgTimes(file: string, runs: number): Promise<readonly number[]> {
  const home = await makeTemporaryFolder();
  const gpg = (...args: readonly string[]) => run(['gpg', '--homedir', home.path, '--batch', ...args]);
  try {
    const imported = await gpg('--import', join(fixtures, 'keys/keyring-redhat.txt')).catch(() => undefined);
    if (imported?.status !== 0) return [];
    const times: number[] = [];
    for (let round = 0; round < runs; round += 1) {
      const start = performance.now();
      const { status, stderr } = await gpg('--trust-model', 'always', '--verify', file);
      if (status !== 0) throw new Error(stderr);
      times.push(performance.now() - start);
    }
    return times;
  } finally {
    await run(['gpgconf', '--homedir', home.path, '--kill', 'all']).catch(() => undefined);
    await home.remove();
  }
}
