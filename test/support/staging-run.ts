import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type FakeRegistry, type LoggedRequest, startFakeRegistry } from './fake-registry.ts';
import { checkFolder } from './folder-check.ts';
import { type Outcome, runTool } from './process.ts';
import { imagesOf, type ReleaseSet, writeReleaseSet } from './release-set.ts';
import type { SetImage } from './set-images.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

/** A registry with a small set, new for each test, and `download` of four of its images. */
export interface StagingRun {
  readonly registry: FakeRegistry;
  readonly set: ReleaseSet;
  /** An empty folder of the test's own. */
  readonly work: string;
  /** What `download` stages. */
  readonly images: readonly SetImage[];
  readonly argv: (folder: string, ...args: string[]) => string[];
  readonly download: (folder: string, ...args: string[]) => Promise<Outcome>;
  readonly blobRequests: () => LoggedRequest[];
  /** Waits until so many bytes of blobs have been sent, then does it. */
  readonly whileBlobsCome: (bytes: number, act: () => unknown) => Promise<void>;
  /** The four images are in the folder, whole, and nothing is missing. */
  readonly expectWhole: (folder: string) => Promise<void>;
}

/** Registers the set-up and the clean-up for the tests of a file. The fields are those of the test that runs. */
export function useStaging(): StagingRun {
  let work: TemporaryFolder;
  let registry: FakeRegistry;
  let set: ReleaseSet;
  beforeEach(async () => {
    work = await makeTemporaryFolder();
    registry = await startFakeRegistry();
    set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 18 });
    registry.add(set);
  });
  afterEach(async () => {
    await registry.close();
    await work.remove();
  });
  const images = () => Object.values(set.additional);
  const argv = (folder: string, ...args: string[]) => {
    const wanted = images().flatMap(({ reference }) => ['-a', reference]);
    return ['download', '-f', folder, '--no-mount-check', ...wanted, ...args];
  };
  const blobRequests = () => registry.log.filter(({ path }) => path.includes('/blobs/'));
  return {
    get registry() {
      return registry;
    },
    get set() {
      return set;
    },
    get work() {
      return work.path;
    },
    get images() {
      return images();
    },
    argv,
    download: (folder, ...args) => runTool(argv(folder, ...args)),
    blobRequests,
    whileBlobsCome: async (bytes, act) => {
      while (blobRequests().reduce((sum, request) => sum + request.bytes, 0) < bytes) {
        await new Promise((go) => setTimeout(go, 5));
      }
      await act();
    },
    expectWhole: async (folder) => {
      const { passport } = await checkFolder(folder, imagesOf(set));
      expect(passport?.images).toHaveLength(images().length);
      expect(passport?.missing).toEqual([]);
    },
  };
}

/** One error line with the reason, a hint, exit status 8, and no defect. */
export function expectHostError(
  { status, stderr }: { readonly status: number | string | null; readonly stderr: string },
  reason: RegExp,
): void {
  expect(status, stderr).toBe(8);
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(errors, stderr).toEqual([expect.stringMatching(reason)]);
  expect(stderr).toContain('hint: ');
}
