import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faults } from '../support/fake-registry/faults.ts';
import { checkFolder } from '../support/folder-check.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool, toolPath } from '../support/process.ts';
import { makeSmallDisk } from '../support/small-disk.ts';
import { expectHostError, useStaging } from '../support/staging-run.ts';

const staging = useStaging();
const { argv, download, whileBlobsCome, expectWhole } = staging;

async function makeFolder(): Promise<string> {
  const folder = join(staging.work, 'staged');
  await mkdir(folder);
  return folder;
}

/** A run that the registry holds up. `ended` gives the status, or the signal, and what it said. */
function startSlowly(folder: string, pace = 1_000_000) {
  staging.registry.fault({ path: '/blobs/', fault: faults.trickle(pace) });
  const child = spawn(toolPath, argv(folder), { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then((event) => {
    const [status, signal] = event as [number | null, NodeJS.Signals | null];
    return { status: status ?? signal, stderr };
  });
  return { child, ended };
}

describe('the file system of the folder', () => {
  it('case 61: memory is warned about', async () => {
    const folder = join('/dev/shm', `factory-precaching-${process.pid}`);
    await mkdir(folder);
    try {
      const { status, stderr } = await download(folder);
      expect(status, stderr).toBe(0);
      expect(stderr).toContain('is on tmpfs: it lies in the memory of this system');
    } finally {
      await output(['rm', '-rf', folder]);
    }
  });
});

describeWith({ root: true, programs: ['mkfs.ext4', 'losetup'] }, 'a partition that goes away', () => {
  const mebibyte = 1024 ** 2;

  it.each([
    [
      'case 63: a partition unmounted lazily under way',
      async (folder: string) => {
        await output(['umount', '--lazy', folder]);
      },
    ],
    [
      'case 63: another file system mounted over it under way',
      async (folder: string) => {
        await output(['mount', '-t', 'tmpfs', 'tmpfs', folder]);
      },
    ],
  ])('%s ends the run, and nothing is written in its place', async (_name, takeAway) => {
    const disk = await makeSmallDisk(64 * mebibyte);
    try {
      const { ended } = startSlowly(disk.folder, 4_000_000);
      await whileBlobsCome(mebibyte, () => takeAway(disk.folder));
      expectHostError(await ended, /is not the folder any more|not there/);
      expect(await readdir(disk.folder)).toEqual([]);
      await run(['umount', disk.folder]);
      await run(['umount', disk.folder]);
      staging.registry.heal();
      await disk.mount();
      await checkFolder(disk.folder, staging.images);
      expect((await download(disk.folder)).status).toBe(0);
      await expectWhole(disk.folder);
    } finally {
      await disk.remove();
    }
  });
});

describe('two runs', () => {
  it('case 65: on one folder: the second is refused and names the first', async () => {
    const folder = await makeFolder();
    const { child: first, ended } = startSlowly(folder);
    await whileBlobsCome(1, async () => {
      expectHostError(await download(folder), new RegExp(`in use by another run: process ${first.pid} on `));
    });
    staging.registry.heal();
    first.kill('SIGTERM');
    await ended;
  });

  it('case 66: the lock of a dead process does not keep anybody out', async () => {
    const folder = await makeFolder();
    const { child: first, ended } = startSlowly(folder);
    await whileBlobsCome(1, () => first.kill('SIGKILL'));
    await ended;
    staging.registry.heal();
    expect(await readFile(join(folder, '.lock'), 'utf8')).toContain(`${first.pid} on `);
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
  });
});

describe('what lies in the folder', () => {
  const blob = () => staging.set.additional.tool.manifest.blobs.at(-1)?.digest.slice(7) ?? '';

  it('case 67: temporaries of an ended run are taken up or cleaned away', async () => {
    const folder = await makeFolder();
    await mkdir(join(folder, 'pool/ingest/image-tool_1.2/rest'), { recursive: true });
    const ingest = join(folder, 'pool/ingest');
    await writeFile(join(ingest, 'archive-tool_1.2'), 'half');
    await writeFile(join(folder, '.precache.json.tmp'), 'half');
    const unknown = `sha256-${'0'.repeat(64)}`;
    await writeFile(join(ingest, unknown), 'of another set');
    await writeFile(join(ingest, 'my-notes'), 'not ours');
    const whole = await readFile(join(staging.set.folder, 'blobs/sha256', blob()));
    await writeFile(join(ingest, `sha256-${blob()}`), whole.subarray(0, 60_000));
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
    expect((await readdir(ingest)).toSorted()).toEqual(['my-notes', unknown]);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const request = staging.registry.log.find(({ path }) => path.endsWith(blob()));
    expect(request?.range).toMatch(/^bytes=60000-/);
    expect((await download(folder, '-s')).status).toBe(0);
    expect(await readdir(ingest)).toEqual(['my-notes']);
  });

  /** Something planted, by the name it takes. */
  const places: [string, () => string, 'refused' | 'replaced'][] = [
    ['a partial blob', () => `pool/ingest/sha256-${blob()}`, 'refused'],
    ['a blob', () => `pool/blobs/sha256/${blob()}`, 'replaced'],
    ['an image', () => 'images/tool_1.2', 'replaced'],
    ['the passport', () => 'precache.json', 'refused'],
    ['the passport aside', () => '.precache.json.tmp', 'replaced'],
    ['a list', () => 'ocp-images.txt', 'replaced'],
    ['a list aside', () => '.ocp-images.txt.tmp', 'replaced'],
    ['the lock', () => '.lock', 'refused'],
    ['the pool', () => 'pool', 'refused'],
    ['the folder of the images', () => 'images', 'refused'],
  ];

  it.each(places)(
    'case 69: a symbolic link in the place of %s is not followed',
    async (_name, place, fate) => {
      const folder = await makeFolder();
      const victim = join(staging.work, 'victim');
      const path = join(folder, place());
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(victim, 'precious');
      const { ino } = await stat(victim);
      await symlink(victim, path);
      const outcome = await download(folder);
      expect([(await stat(victim)).ino, await readFile(victim, 'utf8')]).toEqual([ino, 'precious']);
      await expectFate(fate, outcome, folder, path);
    },
  );

  it.each(places)('case 69: a FIFO in the place of %s is not waited for', async (_name, place, fate) => {
    const folder = await makeFolder();
    const path = join(folder, place());
    await mkdir(join(path, '..'), { recursive: true });
    await output(['mkfifo', path]);
    const outcome = await run(['timeout', '60', toolPath, ...argv(folder)]);
    await expectFate(fate, outcome, folder, path);
  });

  it('case 69: a link to a folder in the place of the pool leads nowhere', async () => {
    const folder = await makeFolder();
    const elsewhere = join(staging.work, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, join(folder, 'pool'));
    expectHostError(await download(folder), /pool is no directory/);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  async function expectFate(
    fate: 'refused' | 'replaced',
    outcome: Awaited<ReturnType<typeof download>>,
    folder: string,
    path: string,
  ): Promise<void> {
    if (fate === 'replaced') {
      expect(outcome.status, outcome.stderr).toBe(0);
      await expectWhole(folder);
      return;
    }
    expectHostError(outcome, /is no (?:regular file|directory)|a symbolic link stands in its place/);
    expect((await lstat(path)).isFile()).toBe(false);
    await output(['rm', path]);
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
  }

  it.each(['pool', 'archive'])(
    'case 70: --rm-stale removes what the passport owns, and nothing else (%s)',
    async (format) => {
      const folder = await makeFolder();
      const { tool } = staging.set.additional;
      expect((await download(folder, '--format', format)).status).toBe(0);
      const foreign = [
        'notes.txt',
        'other_1.0.tgz',
        'oci_2.0.tgz.bak',
        'images/theirs/manifest.json',
        `pool/blobs/sha256/${'f'.repeat(64)}`,
        `pool/blobs/sha256/${blob()}.bak`,
        'pool/blobs/md5/x',
        'pool/ingest/README',
      ];
      for (const name of foreign) {
        await mkdir(join(folder, name, '..'), { recursive: true });
        await writeFile(join(folder, name), `foreign ${name}`);
      }
      const less = ['download', '-f', folder, '--no-mount-check', '-a', tool.reference, '--format', format];
      const preview = await runTool([...less, '-s', '--dry-run', '-o', 'json']);
      const { status, stderr } = await runTool([...less, '-s']);
      expect(status, stderr).toBe(0);
      for (const name of foreign) expect(await readFile(join(folder, name), 'utf8')).toBe(`foreign ${name}`);
      const left = (await output(['find', folder, '-type', 'f', '-printf', '%P\n'])).trimEnd().split('\n');
      const ours = left.filter((name) => !foreign.includes(name));
      expect(ours.filter((name) => /oci_2\.0|index_3\.1|list_4\.0/.test(name))).toEqual([]);
      // The dry run before had said just that.
      const { stale } = JSON.parse(preview.stdout) as { stale: Record<string, unknown> };
      const names = ['index_3.1', 'list_4.0', 'oci_2.0'];
      expect(stale).toMatchObject({
        removed: true,
        [format === 'pool' ? 'artifacts' : 'archives']: names,
        [format === 'pool' ? 'archives' : 'artifacts']: [],
      });
    },
  );
});

describe('the end of a run from outside', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'case 71: %s keeps what is finished and says how to go on',
    async (signal) => {
      const folder = await makeFolder();
      const { child, ended } = startSlowly(folder, 8_000_000);
      await whileBlobsCome(1_500_000, () => child.kill(signal));
      const { status, stderr } = await ended;
      expect(status).toBe(130);
      expect(stderr).toContain('run the same command again');
      const { blobs, passport } = await checkFolder(folder, staging.images);
      expect(passport).toBeUndefined();
      staging.registry.heal();
      const from = staging.registry.log.length;
      expect((await download(folder)).status).toBe(0);
      await expectWhole(folder);
      const asked = staging.registry.log.slice(from).map(({ path }) => path.split(':').at(-1) ?? '');
      expect(asked.filter((hex) => blobs.has(hex))).toEqual([]);
    },
  );

  it('case 71: a reader of its messages that goes away ends it in order', async () => {
    const folder = await makeFolder();
    const { child, ended } = startSlowly(folder, 8_000_000);
    child.stderr.destroy();
    expect((await ended).status).toBe(130);
    await checkFolder(folder, staging.images);
    staging.registry.heal();
    expect((await download(folder)).status).toBe(0);
    await expectWhole(folder);
  });

  it('case 71: a result that cannot be written (full disk of the log) is a failure, and the folder is whole', async () => {
    const folder = await makeFolder();
    const { status } = await run(['bash', '-c', 'exec "$0" "$@" >/dev/full', toolPath, ...argv(folder)]);
    expect(status).not.toBe(0);
    await expectWhole(folder);
  });
});

describe('download --dry-run', () => {
  it.each(['pool', 'archive'])('says what a run would do, and writes nothing (%s)', async (format) => {
    const folder = await makeFolder();
    const listing = () => output(['find', folder, '-printf', '%p %i %s %T@ %C@\n']);
    const empty = await listing();
    const json = (...args: string[]) => download(folder, '--format', format, '-o', 'json', ...args);
    const preview = await json('--dry-run');
    expect(preview.status, preview.stderr).toBe(0);
    expect(await listing()).toBe(empty);
    const plan = JSON.parse(preview.stdout) as {
      images: { exists: boolean }[];
      blobs: { fetched: number; fetchedBytes: number };
      space: { needed: { bytes: number }; shortage?: string };
    };
    expect(plan.images.map(({ exists }) => exists)).toEqual([false, false, false, false]);
    expect(staging.blobRequests()).toEqual([]);

    const done = await json();
    const { fetchedBytes } = JSON.parse(done.stdout) as { fetchedBytes: number };
    expect(fetchedBytes).toBe(plan.blobs.fetchedBytes);
    const blobsAsked = new Set(staging.blobRequests().map(({ path }) => path.split('/').at(-1)));
    expect(blobsAsked.size).toBe(plan.blobs.fetched);
    const used = Number(
      (await output(['du', '-s', '--block-size=1', '--apparent-size', folder])).split('\t')[0],
    );
    expect(plan.space.needed.bytes).toBeGreaterThan(used - 200_000);
    expect(plan.space.shortage).toBeUndefined();

    const whole = await listing();
    const again = await json('--dry-run');
    expect(JSON.parse(again.stdout)).toMatchObject({
      images: [{ exists: true }, { exists: true }, { exists: true }, { exists: true }],
      blobs: { fetched: 0, fetchedBytes: 0 },
      stale: { artifacts: [], archives: [], blobs: 0 },
    });
    expect(await listing()).toBe(whole);
    const text = await download(folder, '--format', format, '--dry-run');
    expect(text.stdout).toContain('Dry run: nothing was written');
    expect(text.stdout).toContain('To be downloaded: 0 blobs, 0 B');
  });

  it('reads a release in memory, and tells what cannot be had', async () => {
    const folder = await makeFolder();
    const { release, components, additional } = staging.set;
    const absent = `${staging.registry.host}/lab/absent:1`;
    const run = await runTool([
      'download',
      '-f',
      folder,
      '--no-mount-check',
      '--dry-run',
      '-o',
      'json',
      '--release-image',
      release.reference,
      '-a',
      `${additional.tool.reference},${absent}`,
    ]);
    expect(run.status, run.stderr).toBe(9);
    expect(JSON.parse(run.stdout)).toMatchObject({
      releases: [staging.set.version],
      failed: [{ reference: absent, code: 'not-found' }],
    });
    expect((JSON.parse(run.stdout) as { images: unknown[] }).images).toHaveLength(components.length + 2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('works beside a run, and on a folder that was moved away from its passport', async () => {
    const folder = await makeFolder();
    const { ended } = startSlowly(folder, 8_000_000);
    await whileBlobsCome(1, async () => {
      const preview = await download(folder, '--dry-run');
      expect(preview.status, preview.stderr).toBe(0);
    });
    expect((await ended).status).toBe(0);
    await rename(join(folder, 'precache.json'), join(staging.work, 'passport'));
    const preview = await download(folder, '--dry-run', '-o', 'json');
    expect(JSON.parse(preview.stdout)).toMatchObject({ blobs: { fetched: 0 } });
  });
});
