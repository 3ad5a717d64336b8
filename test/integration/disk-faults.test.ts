import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { checkFolder } from '../support/folder-check.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, toolPath } from '../support/process.ts';
import { makeSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { expectHostError, useStaging } from '../support/staging-run.ts';

const mebibyte = 1024 * 1024;
const staging = useStaging();
const { argv: argvFor, download, blobRequests, whileBlobsCome, expectWhole } = staging;

const onDisk = (
  make: () => Promise<SmallDisk>,
  test: (disk: SmallDisk) => Promise<void>,
): (() => Promise<void>) => {
  return async () => {
    const disk = await make();
    try {
      await test(disk);
    } finally {
      await disk.remove();
    }
  };
};
/** Makes empty files until only so many inodes are left. */
async function takeInodes({ folder }: SmallDisk, left: number): Promise<void> {
  for (let count = 0; (await statfs(folder)).ffree > left; count += 1) {
    await (await open(join(folder, `taken-${count}`), 'w')).close();
  }
}

const ext4 = () => makeSmallDisk(64 * mebibyte);
const xfs = () => makeSmallDisk(300 * mebibyte, ['mkfs.xfs', '-q']);

describeWith({ root: true, programs: ['mkfs.ext4', 'losetup', 'fallocate'] }, 'a disk that is full', () => {
  it.each(['pool', 'archive'])(
    'case 50: too little room is refused before the first blob, with the numbers (%s)',
    (format) =>
      onDisk(ext4, async (disk) => {
        await disk.fillAllBut(5 * mebibyte);
        const outcome = await download(disk.folder, '--format', format);
        expectHostError(outcome, /has [\d.]+ MiB free, and [\d.]+ MiB are needed; [\d.]+ MiB are missing/);
        expect(blobRequests()).toEqual([]);
        await rm(join(disk.folder, 'filler'));
        expect((await download(disk.folder, '--format', format)).status).toBe(0);
        await expectWhole(disk.folder);
      })(),
  );

  it(
    'case 51: room that goes while a blob is written ends the run; what is whole is kept',
    onDisk(ext4, async (disk) => {
      staging.registry.fault({ path: '/blobs/', fault: faults.trickle(4_000_000) });
      const running = download(disk.folder, '-p', '2');
      await whileBlobsCome(mebibyte, () => disk.fillAllBut(64 * 1024));
      expectHostError(await running, /no space left/);
      const { blobs, passport } = await checkFolder(disk.folder, staging.images);
      expect(passport).toBeUndefined();
      await rm(join(disk.folder, 'filler'));
      staging.registry.heal();
      const from = staging.registry.log.length;
      expect((await download(disk.folder)).status).toBe(0);
      await expectWhole(disk.folder);
      const asked = staging.registry.log.slice(from).map(({ path }) => path.split(':').at(-1) ?? '');
      expect(asked.filter((hex) => blobs.has(hex))).toEqual([]);
    }),
  );

  it(
    'case 52: too few inodes are refused before the first blob, with the numbers',
    onDisk(
      () => makeSmallDisk(64 * mebibyte, ['mkfs.ext4', '-q', '-m', '0', '-N', '128']),
      async (disk) => {
        await takeInodes(disk, 20);
        const outcome = await download(disk.folder);
        expectHostError(outcome, /has inodes for \d+ more files, and \d+ are needed; \d+ are missing/);
        expect(blobRequests()).toEqual([]);
      },
    ),
  );

  it(
    'case 52: inodes that run out under way end the run, and more of them let it go on',
    onDisk(
      () => makeSmallDisk(64 * mebibyte, ['mkfs.ext4', '-q', '-m', '0', '-N', '128']),
      async (disk) => {
        staging.registry.fault({ path: '/blobs/', fault: faults.trickle(4_000_000) });
        const running = download(disk.folder, '-p', '2');
        await whileBlobsCome(mebibyte, () => takeInodes(disk, 0));
        expectHostError(await running, /no space left/);
        await checkFolder(disk.folder, staging.images);
        await output(['bash', '-c', `rm ${disk.folder}/taken-*`]);
        staging.registry.heal();
        expect((await download(disk.folder)).status).toBe(0);
        await expectWhole(disk.folder);
      },
    ),
  );

  it(
    'case 60: a read-only file system is told at the start, before anything is asked of a registry',
    onDisk(ext4, async (disk) => {
      await disk.unmount();
      await disk.mount('-o', 'ro');
      expectHostError(await download(disk.folder), /the file system is read-only/);
      expect(staging.registry.log).toEqual([]);
    }),
  );

  it(
    'case 60: a file system that turns read-only under way ends the run',
    onDisk(ext4, async (disk) => {
      staging.registry.fault({ path: '/blobs/', fault: faults.trickle(4_000_000) });
      const running = download(disk.folder);
      // As the kernel does after an error: files that are open for writing do not keep it from it.
      const emergency = () => output(['mount', '-o', 'remount,abort', disk.folder]);
      await whileBlobsCome(mebibyte, emergency);
      expectHostError(await running, /read-only|I\/O error/);
      await disk.unmount();
      await disk.mount();
      await checkFolder(disk.folder, staging.images);
      staging.registry.heal();
      expect((await download(disk.folder)).status).toBe(0);
      await expectWhole(disk.folder);
    }),
  );
});

describeWith({ root: true, programs: ['mkfs.xfs', 'losetup', 'xfs_io'] }, 'a disk that fails', () => {
  it(
    'case 53: an I/O error under way ends the run at once, and nothing half-written has a name',
    onDisk(xfs, async (disk) => {
      staging.registry.fault({ path: '/blobs/', fault: faults.trickle(4_000_000) });
      const running = download(disk.folder);
      await whileBlobsCome(mebibyte, () => output(['xfs_io', '-x', '-c', 'shutdown', disk.folder]));
      expectHostError(await running, /I\/O error/);
      await disk.unmount();
      await disk.mount();
      await checkFolder(disk.folder, staging.images);
      staging.registry.heal();
      expect((await download(disk.folder)).status).toBe(0);
      await expectWhole(disk.folder);
    }),
  );
});

/** Runs the tool with some system calls failing: `fdatasync:error=EIO:when=3+`. */
const withFaults = (inject: string, argv: readonly string[]) =>
  run([
    'strace',
    '--follow-forks',
    '--quiet=all',
    '-o',
    '/dev/null',
    '-e',
    `inject=${inject}`,
    toolPath,
    ...argv,
  ]);

describeWith({ programs: ['strace'] }, 'system calls that fail', () => {
  it.each([
    ['case 52: the quota is used up', 'pwritev,pwrite64,writev:error=EDQUOT:when=4+', /the quota is used up/],
    ['case 53: a write gives an I/O error', 'pwritev,pwrite64:error=EIO:when=4+', /I\/O error/],
    ['case 54: fdatasync of a blob gives an I/O error', 'fdatasync:error=EIO:when=2+', /I\/O error/],
    ['case 54: fsync of a directory gives an I/O error', 'fsync:error=EIO', /I\/O error/],
    ['case 56: rename fails', 'rename,renameat,renameat2:error=EIO:when=3', /I\/O error/],
    ['case 63: the device is gone', 'pwritev,pwrite64:error=ENXIO:when=4+', /the device is gone/],
    ['case 61: there are no hard links', 'link,linkat:error=EPERM', /no hard links/],
  ])('%s: one error, and the next run completes the set', async (_name, inject, reason) => {
    const folder = join(staging.work, 'staged');
    await mkdir(folder);
    expectHostError(await withFaults(inject, argvFor(folder)), reason);
    expect((await checkFolder(folder, staging.images)).passport).toBeUndefined();
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
  });

  it('case 61: where there are no hard links, archives can be made', async () => {
    const folder = join(staging.work, 'staged');
    await mkdir(folder);
    const inject = 'link,linkat:error=EPERM';
    const refused = await withFaults(inject, argvFor(folder));
    expect(refused.stderr).toContain('--format archive');
    expect(blobRequests()).toEqual([]);
    const made = await withFaults(inject, argvFor(folder, '--format', 'archive'));
    expect(made.status, made.stderr).toBe(0);
    await expectWhole(folder);
  });
});

describe('limits of the process', () => {
  const limited = (limits: string, argv: readonly string[]) =>
    run(['bash', '-c', `ulimit ${limits}; exec "$0" "$@"`, toolPath, ...argv]);

  it('case 51: a limit of the file size (EFBIG) is told', async () => {
    const folder = join(staging.work, 'staged');
    await mkdir(folder);
    expectHostError(await limited('-f 512', argvFor(folder)), /no file that large/);
    await checkFolder(folder, staging.images);
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
  });

  it.each([64, 56])(
    'case 72: with %i open files it works, or says why not and loses nothing',
    async (files) => {
      const folder = join(staging.work, 'staged');
      await mkdir(folder);
      const outcome = await limited(`-n ${files}`, argvFor(folder, '--parallel', '32'));
      if (outcome.status !== 0)
        expectHostError(outcome, /too many open files|the thread that writes blobs cannot run/);
      await checkFolder(folder, staging.images);
      const fewer = await limited(`-n ${files}`, argvFor(folder, '--parallel', '2'));
      expect(fewer.status, fewer.stderr).toBe(0);
      await expectWhole(folder);
    },
  );
});
