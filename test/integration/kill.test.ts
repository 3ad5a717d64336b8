import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { type FakeRegistry, type LoggedRequest, startFakeRegistry } from '../support/fake-registry.ts';
import { checkFolder, type FoundFolder, partialsIn, sizesOf } from '../support/folder-check.ts';
import { toolPath } from '../support/process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { seededFraction } from '../support/seeded.ts';
import type { SetImage } from '../support/set-images.ts';
import { withTemporaryFolder } from '../support/temporary-folder.ts';

const kills = Number(process.env['KILLS'] ?? 100);
const seed = process.env['KILL_SEED'] ?? String(Date.now());
const mebibyte = 1024 * 1024;
/** Bytes of a blob that may be asked for again although they are on the disk. */
const tolerance = mebibyte / 4;
/** Bytes a second of one answer: a run takes long enough to be killed in the middle of things. */
const pace = 15_000_000;

it(`case 56: SIGKILL at ${kills} random instants loses nothing and fetches nothing twice (KILL_SEED=${seed})`, async () => {
  await withTemporaryFolder(async (work) => {
    const registry = await startFakeRegistry();
    try {
      const set = await writeReleaseSet(join(work, 'set'), {
        host: registry.host,
        components: 26,
        baseLayers: [mebibyte, 3 * mebibyte, 6 * mebibyte],
        ownLayer: { min: 64 * 1024, max: mebibyte / 2 },
      });
      registry.add(set);
      registry.fault({ path: '/blobs/', fault: faults.trickle(pace) });
      const outcome = await killAll(set, registry, join(work, 'staged'));
      expect(outcome.killed).toBe(kills);
      // Otherwise the instants were not spread over the run, and the harness has shown little.
      if (kills >= 20) expect(outcome.resumed).toBeGreaterThan(0);
    } finally {
      await registry.close();
    }
  });
}, 900_000);

/** Kills runs until there were enough; a folder that a run completes is checked, thrown away and begun anew. */
async function killAll(
  set: ReleaseSet,
  registry: FakeRegistry,
  folder: string,
): Promise<{ killed: number; resumed: number }> {
  const images = imagesOf(set).slice(0, -4);
  await mkdir(folder);
  const start = performance.now();
  expect(await runUntil(set, folder, undefined)).toBe(0);
  const duration = performance.now() - start;
  expectWhole(await checkFolder(folder, images), images);
  await restart(folder);

  let [killed, resumed, attempt] = [0, 0, 0];
  while (killed < kills) {
    const instant = seededFraction(`${seed} ${attempt}`) * duration;
    const what = `run ${attempt} of seed ${seed}, killed at ${Math.round(instant)} ms`;
    attempt += 1;
    const before = { found: await checkFolder(folder, images), partials: await partialsIn(folder) };
    const from = registry.log.length;
    const status = await runUntil(set, folder, instant);
    const found = await checkFolder(folder, images);
    resumed += expectNothingTwice(before, registry.log.slice(from), images, what);
    expect([0, 'SIGKILL'], what).toContain(status);
    if (status === 'SIGKILL') killed += 1;
    else {
      expectWhole(found, images);
      await restart(folder);
    }
  }
  expect(await runUntil(set, folder, undefined)).toBe(0);
  expectWhole(await checkFolder(folder, images), images);
  return { killed, resumed };
}

/** Runs a download and kills it after so many milliseconds. Its status, or the signal it ended by. */
async function runUntil(
  set: ReleaseSet,
  folder: string,
  milliseconds: number | undefined,
): Promise<number | NodeJS.Signals | null> {
  const argv = ['download', '-f', folder, '--no-mount-check', '--release-image', set.release.reference];
  const child = spawn(toolPath, argv, { stdio: 'ignore' });
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const giveUp = new AbortController();
  if (milliseconds !== undefined) {
    // An aborted wait is a run that ended before its instant came.
    void sleep(milliseconds, undefined, { signal: giveUp.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
  }
  const [status, signal] = await exit;
  giveUp.abort();
  return status ?? signal;
}

async function restart(folder: string): Promise<void> {
  await rm(folder, { recursive: true });
  await mkdir(folder);
}

function expectWhole({ passport, blobs, images }: FoundFolder, expected: readonly SetImage[]): void {
  expect(passport?.images).toHaveLength(expected.length);
  expect(passport?.missing).toEqual([]);
  expect(images).toHaveLength(expected.length);
  expect(blobs).toEqual(new Set(sizesOf(expected).keys()));
}

/**
 * What was whole before a run is not asked for in it, and of what was there in part only the rest is sent. Gives the
 * number of blobs that were gone on with.
 */
function expectNothingTwice(
  before: { found: FoundFolder; partials: ReadonlyMap<string, number> },
  requests: readonly LoggedRequest[],
  images: readonly SetImage[],
  what: string,
): number {
  const sizes = sizesOf(images);
  const sent = new Map<string, number>();
  for (const { path, bytes } of requests) {
    const hex = /\/blobs\/sha256:([0-9a-f]{64})$/.exec(path)?.[1];
    if (hex !== undefined) sent.set(hex, (sent.get(hex) ?? 0) + bytes);
  }
  let resumed = 0;
  for (const [hex, bytes] of sent) {
    const held = before.partials.get(hex) ?? 0;
    const rest = (sizes.get(hex) ?? 0) - held;
    expect(before.found.blobs.has(hex), `${what}: ${hex} was whole and was asked for`).toBe(false);
    expect(rest, `${what}: all of ${hex} was in its partial file and was asked for`).toBeGreaterThan(0);
    expect(bytes, `${what}: ${held} bytes of ${hex} were there`).toBeLessThanOrEqual(rest + tolerance);
    if (held > tolerance) resumed += 1;
  }
  return resumed;
}
