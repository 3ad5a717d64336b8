import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type BootReport as FullReport, readBootReport } from '../../src/core/boot/boot-report.ts';
import { loadScript } from '../../src/core/ignition/boot-scripts.ts';
import {
  type BootReport,
  makeScratchStorage,
  missingIn,
  type ScratchStorage,
} from '../support/first-boot.ts';
import { describeWith } from '../support/needs.ts';
import { type Outcome, output, run } from '../support/process.ts';
import { type StagedSet, writeStagedSet } from '../support/staged-set.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const script = fileURLToPath(new URL('../../boot/extract-images.sh', import.meta.url));

describeWith({ root: true, programs: ['skopeo', 'podman', 'jq', 'unshare'] }, 'extract-images.sh', () => {
  let scratch: TemporaryFolder;
  let staged: StagedSet;
  let storage: ScratchStorage;
  let env: Record<string, string>;

  beforeEach(async () => {
    scratch = await makeTemporaryFolder();
    staged = await writeStagedSet(join(scratch.path, 'mnt'));
    storage = await makeScratchStorage(join(scratch.path, 'storage'));
    env = {
      ...storage.env,
      PRECACHE_FOLDER: staged.folder,
      PRECACHE_REPORT_DIR: join(scratch.path, 'report'),
      PRECACHE_TMPDIR: join(scratch.path, 'storage'),
    };
  });
  afterEach(() => scratch.remove());

  const offline = ['unshare', '--net', '--mount', '--propagation', 'private'] as const;
  const offlineRun = (...argv: readonly string[]) => run([...offline, ...argv], { env });

  async function load(
    more: Record<string, string> = {},
  ): Promise<Outcome & { report: BootReport & { reason: string } }> {
    const outcome = await run([...offline, 'bash', script, 'ocp'], { env: { ...env, ...more } });
    return { ...outcome, report: await reportOf('ocp') };
  }
  async function reportOf(group: string): Promise<BootReport & { reason: string }> {
    return JSON.parse(await readFile(join(scratch.path, 'report', `report-${group}.json`), 'utf8'));
  }
  /** The report as `boot-report` reads it. */
  async function reportIn(): Promise<{ reported: FullReport }> {
    const text = await readFile(join(scratch.path, 'report/report-ocp.json'), 'utf8');
    const { report: reported, mistakes } = readBootReport(text);
    if (reported === undefined || 'kind' in reported)
      throw new Error(mistakes.map(({ message }) => message).join('\n'));
    return { reported };
  }
  /** A folder for PATH with a program instead of the real one. */
  async function fake(name: string, body: string): Promise<string> {
    const folder = join(scratch.path, 'bin');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), `#!/bin/bash\n${body}\n`);
    await chmod(join(folder, name), 0o755);
    return `${folder}:${process.env['PATH']}`;
  }
  /** Names, sizes, times and contents below the staging folder. */
  const fingerprint = () =>
    output([
      'bash',
      '-c',
      'cd "$1" && find . -printf "%p %s %T@ %C@\\n" | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum',
      '-',
      staged.folder,
    ]);

  it('loads every reference under exactly its name, and touches nothing on the partition', async () => {
    const before = await fingerprint();
    const { status, report, stdout } = await load();
    expect(report).toMatchObject({ state: 'complete', reason: '', references: 6, skipped: [], failed: [] });
    expect(report.loaded.map(({ reference }) => reference)).toEqual(staged.references);
    expect({ status, missing: await missingIn(storage, staged.references) }).toEqual({
      status: 0,
      missing: [],
    });
    expect(stdout).toMatch(
      /\nprecache ocp: complete: 6 loaded, 0 there before, 0 failed of 6 in [\d.]+ s\n$/,
    );
    expect(await fingerprint()).toBe(before);
  });

  it('makes the digest of a list resolvable as well as that of its platform', async () => {
    await load();
    for (const { referenceByDigest, manifest } of [staged.images.index, staged.images.ociIndex]) {
      const { stdout } = await offlineRun(
        'skopeo',
        'inspect',
        '--raw',
        `containers-storage:${referenceByDigest}`,
      );
      expect(JSON.parse(stdout).manifests).toHaveLength(2);
      const instance = manifest.instances[0]?.manifest.digest ?? '';
      expect(await missingIn(storage, [referenceByDigest.replace(/@.*/, `@${instance}`)])).toEqual([]);
    }
  });

  it('skips what is there, and counts only the exact name as there', async () => {
    const { plain } = staged.images;
    // podman takes any repository for a digest; what CRI-O asks for is the whole name.
    const elsewhere = plain.referenceByDigest.replace('registry.lab:5000', 'mirror.lab');
    const from = `dir:${join(staged.folder, 'images', staged.artifactOf(plain))}`;
    await offlineRun('skopeo', 'copy', from, `containers-storage:${elsewhere}`);
    expect((await offlineRun('podman', 'image', 'exists', plain.referenceByDigest)).status).toBe(0);
    expect((await load()).report.loaded).toHaveLength(6);
    expect((await load()).report).toMatchObject({
      state: 'complete',
      loaded: [],
      skipped: staged.references,
    });
  });

  it('fails one image for a truncated blob, loads the rest, and finishes once it is whole', async () => {
    const { oci } = staged.images;
    const own = oci.manifest.blobs.at(-1)?.digest.slice('sha256:'.length) ?? '';
    const blob = join(staged.folder, 'images', staged.artifactOf(oci), own);
    const whole = await readFile(blob);
    await truncate(blob, 20);
    const { status, stdout, report } = await load();
    expect(status).toBe(1);
    expect(report).toMatchObject({ state: 'incomplete', reason: '', failed: [{ reference: oci.reference }] });
    expect(report.loaded).toHaveLength(5);
    expect(report.failed[0]?.reason).not.toBe('');
    expect(stdout.split('\n').filter((line) => line.includes(`failed ${oci.reference}`))).toHaveLength(2);
    expect(await missingIn(storage, staged.references)).toEqual([oci.reference]);
    await writeFile(blob, whole);
    const again = await load();
    expect(again.status).toBe(0);
    expect(again.report.loaded.map(({ reference }) => reference)).toEqual([oci.reference]);
  });

  it('tries again exactly what failed once', async () => {
    const { oci } = staged.images;
    const once = `if [[ $* == *${oci.reference}* && ! -e ${scratch.path}/once ]]; then touch ${scratch.path}/once; exit 7; fi`;
    const { status, report, stdout } = await load({
      PATH: await fake('skopeo', `${once}; exec /usr/bin/skopeo "$@"`),
    });
    expect({ status, failed: report.failed }).toEqual({ status: 0, failed: [] });
    expect(report.loaded.at(-1)?.reference).toBe(oci.reference);
    expect(stdout).toContain('skopeo said nothing, status 7');
    expect(stdout).toContain(`loaded ${oci.reference} at the second try`);
  });

  it('takes references that are commands for names, and names what the passport does not know', async () => {
    const wild = `x$(>${scratch.path}/pwned)y a[$(id)]`;
    await writeFile(
      join(staged.folder, 'ocp-images.txt'),
      `${staged.references[0]}\r\n\n${wild}\n../../etc:1`,
    );
    const { status, report } = await load();
    expect(status).toBe(1);
    expect(report).toMatchObject({ references: 3, loaded: [{}], failed: [{}, { reference: '../../etc:1' }] });
    expect(report.failed.map(({ reason }) => reason)).toEqual([
      'not in precache.json',
      'not in precache.json',
    ]);
    await expect(readFile(join(scratch.path, 'pwned'))).rejects.toThrow('ENOENT');
  });

  it('leaves alone an artifact that is a path', async () => {
    const [reference] = staged.references;
    const images = [{ reference, artifact: '../images' }];
    await writeFile(join(staged.folder, 'precache.json'), JSON.stringify({ images }));
    const { report } = await load();
    expect(report.failed[0]).toEqual({ reference, reason: 'not in precache.json' });
  });

  it.each([
    ['the passport', 'precache.json', /precache\.json is not there/],
    ['the list', 'ocp-images.txt', /nothing is mounted on .*: .*ocp-images\.txt is not there/],
  ])('says that %s is missing', async (_, name, reason) => {
    await unlink(join(staged.folder, name));
    const { status, report, stdout } = await load();
    expect({ status, state: report.state }).toEqual({ status: 1, state: 'incomplete' });
    expect(report.reason).toMatch(reason);
    expect(stdout).toMatch(reason);
  });

  it.each(['jq', 'podman', 'skopeo'])('says that %s is missing', async (missing) => {
    const folder = join(scratch.path, 'few');
    await mkdir(folder);
    const programs = [
      'bash',
      'jq',
      'podman',
      'skopeo',
      'mkdir',
      'mv',
      'rm',
      'stat',
      'sync',
      'mountpoint',
      'unshare',
    ];
    for (const name of programs.filter((program) => program !== missing)) {
      const [path = ''] = (await output(['bash', '-c', `command -v ${name}`])).split('\n');
      await symlink(path, join(folder, name));
    }
    const { status, report } = await load({ PATH: folder });
    expect({ status, reason: report.reason }).toEqual({ status: 1, reason: `${missing} is not installed` });
  });

  it('copies two at a time where there are two cores, and tells of them in the order of the list', async () => {
    const [first = '', second = ''] = staged.references;
    const fifo = join(scratch.path, 'fifo');
    await output(['mkfifo', fifo]);
    // The first waits for the second.
    const path = await fake(
      'skopeo',
      `case $* in *${first}*) read -r _ <${fifo} ;; *${second}*) echo >${fifo} ;; esac; exec /usr/bin/skopeo "$@"`,
    );
    await fake('nproc', 'echo 2');
    const { status, report } = await load({ PATH: path });
    expect(status).toBe(0);
    expect(report.loaded.map(({ reference }) => reference)).toEqual(staged.references);
  });

  it('reports what it could not load when it is stopped while skopeo hangs', async () => {
    const { oci } = staged.images;
    const told = `until [[ $(jq '.loaded | length' ${scratch.path}/report/report-ocp.json) == 2 ]]; do sleep 0.05; done`;
    const hang = `if [[ $* == *${oci.reference}* ]]; then trap "" TERM; ${told}; echo hanging >${scratch.path}/fifo; exec sleep 1000; fi`;
    await output(['mkfifo', join(scratch.path, 'fifo')]);
    const path = await fake('skopeo', `${hang}; exec /usr/bin/skopeo "$@"`);
    const child = spawn(offline[0], [...offline.slice(1), 'bash', script, 'ocp'], {
      env: { ...process.env, ...env, PATH: path, PRECACHE_JOBS: '1' },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await readFile(join(scratch.path, 'fifo'));
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    const report = await reportOf('ocp');
    expect(report).toMatchObject({
      state: 'incomplete',
      reason: 'stopped before all images were loaded',
      loaded: [{}, {}],
    });
    expect(report.failed.map(({ reference }) => reference)).toEqual(staged.references.slice(2));
  });

  it('loads anew what a power cut left half written', async () => {
    await load();
    const { oci } = staged.images;
    const graph = join(storage.folder, 'graph');
    const layer = (await output(['bash', '-c', `grep -rl "^oci$" ${graph}/overlay/*/diff`])).trim();
    await writeFile(layer, 'lost');
    await symlink(oci.reference, join(graph, 'precache-ocp.loading.1'));
    const { status, report, stdout } = await load();
    expect({ status, loaded: report.loaded.map(({ reference }) => reference) }).toEqual({
      status: 0,
      loaded: [oci.reference],
    });
    expect(stdout).toContain(`interrupted while loading ${oci.reference}`);
    expect(await output(['bash', '-c', `cat ${graph}/overlay/*/diff/oci`])).toMatch(/^(oci\n){2000}$/);
  });

  it('leaves its stamp in the storage only when everything is there', async () => {
    const stamp = join(storage.folder, 'graph', 'precache-ocp.complete');
    await load();
    expect(await readFile(stamp, 'utf8')).toBe('');
    await writeFile(join(staged.folder, 'ocp-images.txt'), 'quay.io/other:1\n');
    await load();
    await expect(readFile(stamp)).rejects.toThrow('ENOENT');
  });

  it('loads archives one at a time, and says how much room they took', async () => {
    const views = join(staged.folder, 'images');
    for (const artifact of await readdir(views)) {
      await output(['tar', '-czf', join(staged.folder, `${artifact}.tgz`), '-C', views, artifact]);
      await rm(join(views, artifact), { recursive: true });
    }
    await truncate(join(staged.folder, `${staged.artifactOf(staged.images.oci)}.tgz`), 100);
    const before = await fingerprint();
    const { status, report } = await load();
    expect(status).toBe(1);
    expect(report.loaded).toHaveLength(5);
    expect(report.failed).toMatchObject([
      { reference: staged.images.oci.reference, reason: expect.stringMatching(/^(?:tar|gzip): /) },
    ]);
    expect(await fingerprint()).toBe(before);
    const { reported } = await reportIn();
    const largest = Math.max(...reported.loaded.map(({ bytes = 0 }) => bytes));
    expect(reported.peakExtraBytes).toBeGreaterThan(largest);
    expect(reported.peakExtraBytes).toBeLessThan(largest * 2.5 + 4096);
    expect((await readdir(join(scratch.path, 'storage'))).toSorted()).toEqual([
      'graph',
      'run',
      'storage.conf',
    ]);
  });

  it('pins what it loaded, below the list of the administrator, and labels it where SELinux is on', async () => {
    const crio = join(scratch.path, 'crio');
    await mkdir(crio);
    await fake('selinuxenabled', 'exit 0');
    const path = await fake('restorecon', `echo "$@" >${scratch.path}/labelled`);
    await load({ PRECACHE_CRIO_DIR: crio, PATH: path });
    const text = await readFile(join(crio, 'crio.conf.d/40-precache-pinned.conf'), 'utf8');
    expect(parseToml(text)).toEqual({ crio: { image: { pinned_images: staged.references } } });
    expect(await readdir(crio)).toEqual(['crio.conf.d']);
    const graph = join(storage.folder, 'graph');
    expect(await readFile(join(scratch.path, 'labelled'), 'utf8')).toBe(
      `-R ${join(scratch.path, 'report')} ${join(scratch.path, 'report')} ${crio}/crio.conf.d ${graph}/precache-ocp.complete\n`,
    );
  });

  it('tells the console, Prometheus, and boot-report', async () => {
    const textfiles = join(scratch.path, 'textfile');
    await mkdir(textfiles);
    await unlink(join(staged.folder, 'images', staged.artifactOf(staged.images.oci), 'manifest.json'));
    const { stdout } = await load({ PRECACHE_TEXTFILE_DIR: textfiles, PRECACHE_DEADLINE: '300' });
    const last = stdout.trimEnd().split('\n').at(-1);
    expect(await readFile(join(scratch.path, 'report/60-precache-ocp.issue'), 'utf8')).toBe(`${last}\n`);
    const metrics = await readFile(join(textfiles, 'precache-ocp.prom'), 'utf8');
    expect(metrics).toContain('precache_complete{group="ocp"} 0\n');
    expect(metrics).toContain('precache_images{group="ocp",result="failed"} 1\n');
    expect(metrics).toBe(await readFile(join(scratch.path, 'report/precache-ocp.prom'), 'utf8'));
    const { reported } = await reportIn();
    expect(reported).toMatchObject({ stage: 'installation', deadlineSeconds: 300, host: hostname() });
  });

  it('ends itself at its deadline, whatever it waits for', async () => {
    const path = await fake(
      'podman',
      `[[ $1 == info ]] && exec /usr/bin/podman "$@"; trap '' TERM; sleep 60`,
    );
    const { status, report } = await load({ PRECACHE_DEADLINE: '2', PATH: path });
    expect({ status, reason: report.reason }).toEqual({ status: 1, reason: 'the deadline of 2 s passed' });
    expect(report.seconds).toBeLessThan(20);
  });

  it.each(['ai', 'ocp'])('knows by its name that it is for %s', async (group) => {
    const path = join(scratch.path, `extract-${group}.sh`);
    await writeFile(path, loadScript);
    await unlink(join(staged.folder, `${group}-images.txt`));
    const { stdout } = await offlineRun('bash', path);
    expect(stdout).toContain(`precache ${group}: incomplete`);
    expect(await reportOf(group)).toMatchObject({ group, state: 'incomplete' });
  });
});
