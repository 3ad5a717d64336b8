import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StageReport } from '../../src/core/rehearsal/judge-stage.ts';
import type { RehearsalReport } from '../../src/workflows/rehearse-boot.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { hooked, script, siteText } from '../support/lint-site.ts';
import { type LoopDevices, makeLoopDevices } from '../support/loop-device.ts';
import { describeWith } from '../support/needs.ts';
import { mebibyte, uniqueLabel } from '../support/partition-run.ts';
import { type Outcome, output, run, runTool, toolPath } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const needs = {
  root: true,
  programs: ['skopeo', 'podman', 'jq', 'unshare', 'sgdisk', 'mkfs.xfs', 'losetup'],
};

describeWith(needs, 'rehearse', () => {
  let work: TemporaryFolder;
  let devices: LoopDevices;
  let registry: FakeRegistry;
  let set: ReleaseSet;
  /** Two images, one for each stage. */
  let folder: string;
  let partition: string;
  const label = uniqueLabel();
  let scratch: string;

  beforeAll(async () => {
    work = await makeTemporaryFolder();
    devices = await makeLoopDevices();
    registry = await startFakeRegistry();
    set = await writeReleaseSet(join(work.path, 'set'), { host: registry.host, components: 1 });
    registry.add(set);
    folder = join(devices.scratch, 'mnt');
    const disk = await devices.attach({ bytes: 400 * mebibyte });
    const options = ['-s', '320MiB', '-l', label, '--mount', folder];
    partition = (await succeed('partition', '-d', disk.path, ...options)).trim();
    // In memory: a sync there waits for nobody else's writes.
    scratch = join(work.path, 'scratch');
    await mkdir(scratch);
    await output(['mount', '-t', 'tmpfs', '-o', 'size=512M', 'tmpfs', scratch]);
    const { tool, oci } = set.additional;
    await succeed('download', '-f', folder, '-a', oci.reference, '--ai-img', tool.reference);
  });
  afterAll(async () => {
    await output(['umount', scratch]);
    await registry.close();
    await devices.remove();
    await work.remove();
  });
  beforeEach(async () => {
    for (const name of await readdir(scratch)) await rm(join(scratch, name), { recursive: true });
  });

  const succeed = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await runTool(args);
    expect(status, stderr).toBe(0);
    return stdout;
  };
  const rehearse = (at: string, ...args: string[]) =>
    runTool(['rehearse', '-f', at, '--scratch', scratch, '-o', 'json', ...args]);
  const reportOf = ({ stdout, stderr }: Outcome): RehearsalReport => {
    expect(stdout, stderr).not.toBe('');
    return JSON.parse(stdout) as RehearsalReport;
  };
  const stageOf = (report: RehearsalReport, stage: StageReport['stage']): StageReport => {
    const found = report.stages.find((each) => each.stage === stage);
    if (found === undefined) throw new Error(`no report of ${stage}`);
    return found;
  };
  /** What a host has that a rehearsal must not leave, or change. */
  const hostState = async () => ({
    mounts: (await readFile('/proc/self/mountinfo', 'utf8'))
      .split('\n')
      .filter((line) => line.includes(work.path) || line.includes(devices.scratch)),
    loops: (await output(['losetup', '--noheadings', '--output', 'NAME', '--list']))
      .split('\n')
      .filter((name) => name !== '' && partition.startsWith(name.trim())),
    onPartition: await output(['losetup', '--noheadings', '--list', '--associated', partition]),
    scratch: await readdir(scratch),
  });
  const writeSite = async (text: string): Promise<string> => {
    const path = join(work.path, 'site.yaml');
    await writeFile(path, text);
    return path;
  };
  const storedLabel = uniqueLabel();
  it('passes with a ready storage, which is compared where it lies, and fails where an image is missing in it', async () => {
    const disk = await devices.attach({ bytes: 500 * mebibyte });
    const at = join(devices.scratch, 'stored');
    await succeed('partition', '-d', disk.path, '-s', '420MiB', '-l', storedLabel, '--mount', at);
    const { tool, oci } = set.additional;
    const images = ['-a', oci.reference, '--ai-img', tool.reference];
    await succeed('download', '-f', at, '--format', 'storage', ...images);
    const bare = await writeSite(plainSite);
    const site = await writeSite(
      await succeed('siteconfig', '-c', bare, '-l', storedLabel, '--format', 'storage'),
    );
    const outcome = await rehearse(at, '--site', site);
    const clean = { passed: true, missing: [], leftMounted: [], networkAttempts: 0, images: 1, present: 1 };
    expect(outcome.status, outcome.stdout + outcome.stderr).toBe(0);
    expect(reportOf(outcome)).toMatchObject({
      passed: true,
      unchanged: { proven: true, bytesWritten: 0 },
      stages: [
        { ...clean, stage: 'discovery' },
        { ...clean, stage: 'installation', bytes: 0 },
      ],
    });
    expect((await rehearse(at)).status).toBe(0);

    const index = join(at, 'storage/containers/storage/overlay-images/images.json');
    await writeFile(index, '[]');
    const lost = await rehearse(at);
    expect(lost.status).toBe(9);
    expect(stageOf(reportOf(lost), 'installation')).toMatchObject({
      passed: false,
      missing: [{ reference: oci.reference }],
    });
  });

  const plainSite = siteText({ cluster: undefined, node: undefined, args: undefined, imageSet: 'lab' });

  it("passes with the site's own units on a mounted partition, and leaves nothing", async () => {
    const bare = await writeSite(plainSite);
    const site = await writeSite(await succeed('siteconfig', '-c', bare, '-l', label));
    const before = await hostState();
    const outcome = await rehearse(folder, '--site', site, '--deep');
    const report = reportOf(outcome);
    expect(report).toMatchObject({
      passed: true,
      partition: { device: partition, label },
      site: { file: site, cluster: 'sno', node: 'node' },
      unchanged: { proven: true, by: 'hash', bytesWritten: 0 },
      notStaged: [],
    });
    expect(outcome.status).toBe(0);
    const clean = { passed: true, missing: [], leftMounted: [], networkAttempts: 0, interfaces: ['lo'] };
    expect(report.stages).toMatchObject([
      { ...clean, stage: 'discovery', images: 1, services: [{ result: 'success' }] },
      { ...clean, stage: 'installation', images: 1, services: [{ result: 'success' }] },
    ]);
    expect(stageOf(report, 'installation').bytes).toBeGreaterThan(0);
    expect(stageOf(report, 'installation').storageBytes).toBeGreaterThan(0);
    expect(await hostState()).toEqual(before);
  });

  it('names the image of a blob that is gone, in text, too', async () => {
    const copy = await copyFolder();
    const { oci } = set.additional;
    const own = oci.manifest.blobs.at(-1)?.digest.slice('sha256:'.length) ?? '';
    await output(['find', copy, '-name', own, '-delete']);
    const { status, stdout } = await runTool(['rehearse', '-f', copy, '--scratch', scratch]);
    expect(status).toBe(9);
    expect(stdout).toContain('Discovery: 1 of 1 images');
    expect(stdout).toMatch(
      new RegExp(`^Installation: 0 of 1 images(?:.*\n)+?  missing ${oci.reference}: .*no such file`, 'm'),
    );
    expect(stdout).toContain('precache-ocp-images.service: exit-code, status 1');
    expect(stdout).toContain('no partition: its mount and its label were not rehearsed');
    expect(stdout).toMatch(/\nFailed after /);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('ends a unit at its time limit, and sees who asks for the network', async () => {
    const discovery = hooked('discovery');
    const [, service] = discovery.systemd.units;
    if (service === undefined) throw new Error('no service');
    service['contents'] = String(service['contents']).replace(/^TimeoutStartSec=.*$/m, 'TimeoutStartSec=2s');
    const hang = '#!/bin/bash\n[[ $1 == --ended ]] && exit\necho >/dev/tcp/192.0.2.1/80\nsleep 1000\n';
    discovery.storage.files = [script('/usr/local/bin/extract-ai.sh', hang)];
    const text = siteText({ cluster: discovery, args: ['--save-partlabel', label], imageSet: 'lab' });
    const site = await writeSite(text.replaceAll('by-partlabel/data', `by-partlabel/${label}`));
    const copy = await copyFolder();
    const outcome = await rehearse(copy, '--site', site);
    expect(outcome.status, outcome.stderr).toBe(9);
    const report = reportOf(outcome);
    expect(stageOf(report, 'discovery')).toMatchObject({
      services: [{ result: 'timeout' }],
      images: 1,
      present: 0,
      missing: [{ reference: set.additional.tool.reference }],
      leftMounted: [],
      networkAttempts: 1,
      passed: false,
    });
    expect(stageOf(report, 'installation')).toMatchObject({ present: 1, passed: true });
  });

  it('says that the hooks are of another partition', async () => {
    const site = await writeSite(siteText({ imageSet: 'lab' }));
    const { status, stderr } = await rehearse(folder, '--site', site);
    expect(status).toBe(3);
    expect(stderr).toContain(`the passport is of the partition ${label}, not data [boot/label-mismatch]`);
    expect(await readdir(scratch)).toEqual([]);
  });

  describe('when it is ended', () => {
    /** Begins, and sends a signal once an image is loaded. */
    async function endBy(signal: NodeJS.Signals): Promise<number | null> {
      const child = spawn(toolPath, ['rehearse', '-f', folder, '--scratch', scratch], { stdio: 'pipe' });
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (!said.includes(' loaded ') && (said + text).includes(' loaded ')) child.kill(signal);
        said += text;
      });
      const status = await ended;
      expect(said).toContain(' loaded ');
      return status;
    }
    const processes = async () => (await run(['pgrep', '--full', `${scratch}/`])).stdout;

    it('by Ctrl-C, cleans up and says so', async () => {
      const before = await hostState();
      expect(await endBy('SIGINT')).toBe(130);
      expect(await hostState()).toEqual(before);
      expect(await processes()).toBe('');
    });

    it('by SIGKILL, leaves nothing that runs or is mounted, and the next one takes over, on a read-only mount, too', async () => {
      const { scratch: empty, ...before } = await hostState();
      expect(await endBy('SIGKILL')).toBe(null);
      for (let attempt = 0; (await processes()) !== ''; attempt += 1) {
        if (attempt === 100) throw new Error('processes stay');
        await new Promise((go) => setTimeout(go, 100));
      }
      const { scratch: left, ...after } = await hostState();
      expect({ after, left, empty }).toEqual({
        after: before,
        left: ['factory-precaching-rehearsal'],
        empty: [],
      });
      await output(['mount', '-o', 'remount,ro', folder]);
      try {
        expect(reportOf(await rehearse(folder))).toMatchObject({
          passed: true,
          site: null,
          unchanged: { proven: true, by: 'count', bytesWritten: 0 },
        });
      } finally {
        await output(['mount', '-o', 'remount,rw', folder]);
      }
      expect(await readdir(scratch)).toEqual([]);
    });
  });

  describe('refuses', () => {
    it('a scratch folder that is too small, with the figures', async () => {
      await output(['mount', '-o', 'remount,size=8M', scratch]);
      try {
        const { status, stderr } = await rehearse(folder);
        expect(status).toBe(8);
        expect(stderr).toMatch(
          /has 8 MiB free, and a rehearsal needs about [\d.]+ MiB\n {2}hint: .*--scratch/,
        );
        expect(await readdir(scratch)).toEqual([]);
      } finally {
        await output(['mount', '-o', 'remount,size=512M', scratch]);
      }
    });

    it('a scratch folder of somebody else', async () => {
      const own = join(scratch, 'factory-precaching-rehearsal');
      await mkdir(own, { mode: 0o755 });
      await writeFile(join(own, 'kept'), '');
      const { status, stderr } = await rehearse(folder);
      expect({ status, stderr }).toEqual({
        status: 8,
        stderr: expect.stringContaining('none of this program') as string,
      });
      expect(await readdir(own)).toEqual(['kept']);
    });

    it('a host without skopeo', async () => {
      const bin = join(scratch, 'bin');
      await mkdir(bin);
      for (const name of ['env', 'blkid', 'lsblk']) {
        await symlink((await output(['bash', '-c', `command -v ${name}`])).trim(), join(bin, name));
      }
      await symlink(process.execPath, join(bin, 'node'));
      const argv = ['rehearse', '-f', folder, '--scratch', scratch];
      const { status, stderr } = await runTool(argv, { env: { PATH: bin } });
      expect({ status, stderr }).toEqual({
        status: 8,
        stderr: expect.stringContaining('skopeo is not installed') as string,
      });
    });

    it('a folder where nothing is staged, and a name without a document', async () => {
      expect(await rehearse(scratch)).toMatchObject({ status: 7 });
      expect(await rehearse(folder, '--node', 'node')).toMatchObject({ status: 2 });
    });
  });

  describe('without root', () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
    let open: string;
    beforeAll(async () => {
      open = await output(['mktemp', '--directory']).then((path) => path.trim());
      await chmod(open, 0o755);
      // The checkout may be in a folder that only its owner may enter.
      await cp(dirname(dirname(toolPath)), join(open, 'tool'), {
        recursive: true,
        filter: (path) => !/\/(?:node_modules|test|docs|\.git)$/.test(path),
      });
      await cp(folder, join(open, 'staged'), { recursive: true });
      await mkdir(join(open, 'scratch'));
      await output(['chown', '-R', '65534:65534', open]);
    });
    afterAll(() => rm(open, { recursive: true, force: true }));
    const asNobody = (at: string) => {
      const tool = join(open, 'tool/bin/factory-precaching-cli');
      const argv = ['rehearse', '-f', at, '--scratch', join(open, 'scratch'), '-o', 'json'] as const;
      return run([...nobody, tool, ...argv], { cwd: open, env: { HOME: open } });
    };

    it('refuses a partition', async () => {
      await chmod(devices.scratch, 0o755);
      await chmod(dirname(devices.scratch), 0o755);
      const { status, stderr } = await asNobody(folder);
      expect({ status, stderr }).toEqual({ status: 8, stderr: expect.stringContaining('root') as string });
    });

    it('rehearses a plain folder, where users may have namespaces', async () => {
      const allowed =
        (await run([...nobody, 'unshare', '--user', '--map-root-user', '--mount', 'true'])).status === 0;
      const outcome = await asNobody(join(open, 'staged'));
      if (allowed) expect(reportOf(outcome)).toMatchObject({ passed: true, partition: null });
      else expect(outcome.status).toBe(8);
      expect(await readdir(join(open, 'scratch'))).toEqual([]);
    });
  });

  async function copyFolder(): Promise<string> {
    const copy = join(work.path, 'copy');
    await rm(copy, { recursive: true, force: true });
    await output(['cp', '--archive', folder, copy]);
    return copy;
  }
});
