import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { type Outcome, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
let folder: string;

beforeEach(async () => {
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host });
  registry.add(set);
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const download = (...args: string[]): Promise<Outcome> =>
  runTool(['download', '-f', folder, '--no-mount-check', '--release-image', set.release.reference, ...args]);

it('--limit-rate keeps the whole run below its rate', async () => {
  const begun = performance.now();
  const { status, stdout } = await download('--limit-rate', '4MiB/s', '-o', 'json');
  const seconds = (performance.now() - begun) / 1000;
  expect(status).toBe(0);
  const { fetchedBytes } = JSON.parse(stdout) as { fetchedBytes: number };
  expect(fetchedBytes).toBeGreaterThan(4 * 1024 * 1024);
  // What the sockets hold when a pause begins has come already.
  expect(fetchedBytes / seconds).toBeLessThan(1.2 * 4 * 1024 * 1024);
});

it('--max-time ends a run, keeps what is finished, and a second run completes it', async () => {
  registry.fault({ path: '/blobs/', fault: faults.trickle(64 * 1024) });
  const cut = await download('--max-time', '2s');
  expect(cut.status).toBe(9);
  expect(cut.stderr).toContain('error: the time limit of 2.0 s is reached');
  expect(cut.stderr).toContain('run the same command again');
  registry.heal();
  const before = registry.log.length;
  expect((await download()).status).toBe(0);
  const resumed = registry.log.slice(before).filter(({ range }) => range !== undefined);
  expect(resumed.length).toBeGreaterThan(0);
});

it('refuses a rate or a time that is none', async () => {
  for (const [flag, value] of [
    ['--limit-rate', 'fast'],
    ['--max-time', 'soon'],
  ]) {
    const { status, stderr } = await download(flag ?? '', value ?? '');
    expect(status).toBe(2);
    expect(stderr).toContain(flag);
  }
});

it('asks for less at a time after 429, and completes', async () => {
  registry.fault({ path: 'art-dev/blobs/', fault: faults.tooManyRequests('1'), times: 20 });
  const outcome = await download();
  expect(outcome.status, outcome.stderr).toBe(0);
  expect(registry.log.filter(({ status }) => status === 429)).toHaveLength(20);
});
