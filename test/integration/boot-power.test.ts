import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  type BootReport,
  makeScratchStorage,
  missingIn,
  type ScratchStorage,
} from '../support/first-boot.ts';
import { type LoopDevice, type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { output, run } from '../support/process.ts';
import { type StagedSet, writeStagedSet } from '../support/staged-set.ts';

const script = fileURLToPath(new URL('../../boot/extract-images.sh', import.meta.url));
const bulk = 2 * 1024 * 1024;
const programs = ['skopeo', 'podman', 'jq', 'unshare', 'mkfs.xfs', 'xfs_io'];

describeWith({ root: true, programs }, 'a power cut', () => {
  let loops: LoopDevices;
  let disk: LoopDevice;
  let staged: StagedSet;
  let storage: ScratchStorage;
  let mountPoint: string;
  /** Every file of every layer, as it has to be. */
  let expected: string;

  beforeAll(async () => {
    loops = await makeLoopDevices();
    staged = await writeStagedSet(join(loops.scratch, 'mnt'), bulk);
    const reference = await makeScratchStorage(join(loops.scratch, 'reference'));
    expect((await load(reference)).status).toBe(0);
    expected = await layerFiles(reference);
    expect(expected.split('\n').length).toBeGreaterThan(9);
    mountPoint = join(loops.scratch, 'disk');
    await mkdir(mountPoint);
    disk = await loops.attach({ bytes: 320 * 1024 * 1024 });
  });
  afterEach(() => unplug());
  afterAll(() => loops.remove());

  async function load(
    on: ScratchStorage,
    skopeo?: string,
  ): Promise<{ status: number; said: string; report: BootReport }> {
    const bin = join(loops.scratch, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'skopeo'), `#!/bin/bash\n${skopeo ?? ''}\nexec /usr/bin/skopeo "$@"\n`);
    await chmod(join(bin, 'skopeo'), 0o755);
    const reports = join(loops.scratch, 'report');
    const env = {
      ...on.env,
      PATH: `${bin}:${process.env['PATH']}`,
      PRECACHE_FOLDER: staged.folder,
      PRECACHE_REPORT_DIR: reports,
      PRECACHE_TMPDIR: loops.scratch,
    };
    const outcome = await run(
      ['unshare', '--net', '--mount', '--propagation', 'private', 'bash', script, 'ocp'],
      { env },
    );
    const report: BootReport = JSON.parse(await readFile(join(reports, 'report-ocp.json'), 'utf8'));
    return { status: outcome.status, said: outcome.stdout + outcome.stderr, report };
  }

  async function layerFiles({ folder }: ScratchStorage): Promise<string> {
    const list = `cd "$1"/graph/overlay && find */diff -type f -printf '%f ' -exec sha256sum {} \\; | awk '{print $1, $2}' | sort -u`;
    return await output(['bash', '-c', list, '-', folder]);
  }

  /** Everything that is not on the disk is lost: XFS stops, and does not write its log. */
  const cut = () => `xfs_io -x -c shutdown ${mountPoint}`;
  const at = (commands: string) =>
    `if [[ $* == *containers-storage:${staged.images.oci.reference} ]]; then ${commands}; fi`;

  /** The mounts of the script's own namespace go some time after it. */
  async function unplug(): Promise<void> {
    await output(['umount', mountPoint]);
    const mounted = `for i in {1..300}; do [[ -e /sys/fs/xfs/${disk.name} ]] || exit 0; sleep 0.1; done; exit 1`;
    await output(['bash', '-c', mounted]);
  }

  it.each<[string, () => string | undefined]>([
    ['while an image is copied', () => at(`/usr/bin/skopeo "$@" & sleep 0.15; ${cut()}; wait; exit 1`)],
    ['straight after skopeo ended well', () => at(`/usr/bin/skopeo "$@"; ${cut()}; exit 0`)],
    ['straight after everything was loaded', () => undefined],
  ])('case 96: %s: the next boot finishes, and no file is lost', async (_, skopeo) => {
    await output(['mkfs.xfs', '-q', '-f', disk.path]);
    await output(['mount', disk.path, mountPoint]);
    storage = await makeScratchStorage(join(mountPoint, 'storage'));
    await output(['sync']);
    const wrapper = skopeo();
    const first = await load(storage, wrapper);
    if (wrapper === undefined) await output(['bash', '-c', cut()]);
    expect(first.report.state).toBe(wrapper === undefined ? 'complete' : 'incomplete');
    await unplug();
    await output(['mount', disk.path, mountPoint]);
    const next = await load(storage);
    expect(next.report).toMatchObject({ state: 'complete', failed: [] });
    if (wrapper === undefined) expect(next.report).toMatchObject({ loaded: [], skipped: staged.references });
    expect(await missingIn(storage, staged.references)).toEqual([]);
    expect(await layerFiles(storage)).toBe(expected);
  });
});
