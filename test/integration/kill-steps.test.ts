import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { artifactOf, checkFolder } from '../support/folder-check.ts';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, runTool } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import type { SetImage } from '../support/set-images.ts';
import { unmountFully } from '../support/small-disk.ts';
import { every, kindOf, recordSteps, type Step, spread, stopAtStep } from '../support/steps.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let work: TemporaryFolder;
let registry: FakeRegistry;
let set: ReleaseSet;
/** What the folder holds at the start, and what the run that is ended adds. */
let before: readonly SetImage[];
let after: readonly SetImage[];

beforeAll(async () => {
  work = await makeTemporaryFolder();
  registry = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), {
    host: registry.host,
    components: 18,
    baseLayers: [200_000],
    ownLayer: { min: 10_000, max: 60_000 },
  });
  registry.add(set);
  const { tool, oci, index } = set.additional;
  before = [tool];
  after = [oci, index];
});
afterAll(async () => {
  await registry.close();
  await work.remove();
});

/** One after another, so that the steps of two runs are the same ones. */
const argvFor = (folder: string, format: string, images: readonly SetImage[]) => [
  'download',
  '-f',
  folder,
  '--no-mount-check',
  '--parallel',
  '1',
  '--rm-stale',
  '--format',
  format,
  ...images.flatMap(({ reference }) => ['-a', reference]),
];

const namesOf = (images: readonly SetImage[]) => images.map(artifactOf).toSorted();

/** Everything is whole, the passport is the old one or the new one, and the same command again makes it the new one. */
async function expectRecovery(folder: string, format: string, what: string): Promise<void> {
  const { passport } = await checkFolder(folder, [...before, ...after]).catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`);
  });
  const listed = passport?.images.map(({ artifact }) => artifact).toSorted();
  expect([namesOf(before), namesOf(after)], what).toContainEqual(listed);
  const { status, stderr } = await runTool(argvFor(folder, format, after));
  expect(status, `${what}: ${stderr}`).toBe(0);
  const found = await checkFolder(folder, [...before, ...after]);
  expect(found.passport?.images.map(({ artifact }) => artifact).toSorted(), what).toEqual(namesOf(after));
  expect(found.passport?.missing, what).toEqual([]);
}

describe.each(['pool', 'archive'])('in the %s format', (format) => {
  it('case 56: SIGKILL right before steps of all kinds', async () => {
    const [golden, folder] = [join(work.path, `golden-${format}`), join(work.path, `staged-${format}`)];
    await mkdir(golden);
    expect((await runTool(argvFor(golden, format, before))).status).toBe(0);
    const renew = async () => {
      await rm(folder, { recursive: true, force: true });
      // Hard links stay hard links.
      await output(['cp', '-a', golden, folder]);
    };
    await renew();
    const steps = spread(await recordSteps(argvFor(folder, format, after), folder), 10);
    expect(steps.length).toBeGreaterThan(9);
    for (const step of steps) {
      await renew();
      const argv = argvFor(folder, format, after);
      const what = `killed before step ${step.number}, ${kindOf(step)}`;
      expect(await stopAtStep(argv, folder, step.number, async () => undefined), what).toBe(true);
      await expectRecovery(folder, format, what);
    }
  }, 600_000);
});

describeWith({ root: true, programs: ['mkfs.xfs', 'losetup', 'xfs_io'] }, 'the power is cut on XFS', () => {
  let devices: LoopDevices;
  let golden: string;
  let folder: string;
  let device: LoopDevice;

  beforeAll(async () => {
    devices = await makeLoopDevices();
    folder = join(devices.scratch, 'mnt');
    golden = join(devices.scratch, 'golden.img');
    await mkdir(folder);
  });
  afterAll(() => devices.remove());

  /** Layers that a power cut left half on the disk would not be read back as they were. */
  const verifies = async (what: string) => {
    const { status, stdout, stderr } = await runTool(['verify', '-f', folder]);
    expect(status, `${what}: ${stdout}${stderr}`).toBe(0);
  };

  /** A new file system that holds the images of before. */
  async function prepare(format: string): Promise<readonly Step[]> {
    device = await devices.attach({ bytes: 300 * 1024 ** 2 });
    await output(['mkfs.xfs', '-q', device.path]);
    await output(['mount', device.path, folder]);
    expect((await runTool(argvFor(folder, format, before))).status).toBe(0);
    await output(['umount', folder]);
    await output(['cp', '--sparse=always', device.image, golden]);
    await renew();
    const steps = await recordSteps(argvFor(folder, format, after), folder);
    await unmountFully(folder, device);
    return steps;
  }

  async function renew(): Promise<void> {
    await devices.detach(device);
    await output(['cp', '--sparse=always', golden, device.image]);
    device = await devices.reattach(device);
    await output(['mount', device.path, folder]);
  }

  /** Nothing of what is not on the disk survives; with `log`, the file system's log does and file contents do not. */
  const cutPower = (log: boolean) => output(['xfs_io', '-x', '-c', log ? 'shutdown -f' : 'shutdown', folder]);

  async function expectRecoveryFrom(steps: readonly Step[], format: string): Promise<void> {
    expect(steps.length).toBeGreaterThan(0);
    for (const step of spread(steps, 5)) {
      for (const log of every ? [false, true] : [step.number % 2 === 0]) {
        await renew();
        const what = `power cut${log ? ' with the log on the disk' : ''} before step ${step.number}, ${kindOf(step)}`;
        const argv = argvFor(folder, format, after);
        expect(await stopAtStep(argv, folder, step.number, () => cutPower(log)), what).toBe(true);
        await unmountFully(folder, device);
        await output(['mount', device.path, folder]);
        await expectRecovery(folder, format, what);
        if (format === 'storage') await verifies(what);
        await unmountFully(folder, device);
      }
    }
  }

  const isBlob = ({ path }: Step) => path.startsWith('pool/');
  const isRecord = ({ path }: Step) => /\.(?:json|txt)(?:\.tmp)?$/.test(path) || path === '.';

  describe.each(['pool', 'archive'])('in the %s format', (format) => {
    let steps: readonly Step[];
    beforeAll(async () => {
      steps = await prepare(format);
    });
    afterAll(async () => {
      await devices.detach(device);
    });

    it('case 57: while blobs come in, before they are synced and named', async () => {
      const some = steps.filter((step) => isBlob(step) && step.operation !== 'sync');
      await expectRecoveryFrom(some, format);
    }, 600_000);

    it('case 58: after names were given, before their directory is synced', async () => {
      const some = steps.filter((step) => !isRecord(step) && (!isBlob(step) || step.operation === 'sync'));
      await expectRecoveryFrom(some, format);
    }, 600_000);

    it('case 59: while the lists and the passport are written', async () => {
      await expectRecoveryFrom(steps.filter(isRecord), format);
    }, 600_000);
  });

  describeWith({ programs: ['skopeo'] }, 'in the storage format', () => {
    let steps: readonly Step[];
    beforeAll(async () => {
      steps = await prepare('storage');
    }, 120_000);
    afterAll(() => devices.detach(device));

    it('while images are stored, and before and after they count', async () => {
      await expectRecoveryFrom(
        steps.filter(({ path }) => path.startsWith('storage')),
        'storage',
      );
    }, 600_000);

    it('while blobs leave the pool, and while the passport is written', async () => {
      const some = steps.filter(
        (step) =>
          isRecord(step) || (step.operation === 'remove' && isBlob(step) && /[0-9a-f]{64}$/.test(step.path)),
      );
      await expectRecoveryFrom(some, 'storage');
    }, 600_000);
  });
});
