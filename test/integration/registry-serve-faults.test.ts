import { once } from 'node:events';
import { cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RegistryReport } from '../../src/core/serving/registry-report.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { describeWith } from '../support/needs.ts';
import { output, run, runTool, toolPath } from '../support/process.ts';
import { type ReleaseSet, writeReleaseSet } from '../support/release-set.ts';
import { type RunningRegistry, startRegistry, writeMirrorConf } from '../support/running-registry.ts';
import type { SetImage } from '../support/set-images.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const mebibyte = 1024 * 1024;

let work: TemporaryFolder;
let origin: FakeRegistry;
let set: ReleaseSet;
/** Staged once; each test has a copy. */
let staged: string;
let root: string;
let report: string;
let count = 0;
const running: RunningRegistry[] = [];

beforeAll(async () => {
  work = await makeTemporaryFolder();
  origin = await startFakeRegistry();
  set = await writeReleaseSet(join(work.path, 'set'), {
    host: origin.host,
    components: 1,
    ownLayer: { min: 24 * mebibyte, max: 24 * mebibyte },
  });
  origin.add(set);
  staged = join(work.path, 'staged');
  await mkdir(staged);
  const references = images().map(({ reference }) => reference);
  await output([toolPath, 'download', '-f', staged, '--no-mount-check', '-a', references.join(',')]);
});
afterAll(async () => {
  await origin.close();
  await work.remove();
});
beforeEach(async () => {
  count += 1;
  root = join(work.path, `root-${count}`);
  report = join(work.path, `report-${count}.json`);
  await cp(staged, root, { recursive: true });
});
afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop();
  await rm(root, { recursive: true, force: true });
});

const images = () => [set.additional.tool, set.additional.oci, set.additional.index];
const serve = async (...args: string[]) => {
  const registry = await startRegistry(root, '--report', report, ...args);
  running.push(registry);
  return registry;
};
const pathOf = (digest: string) => join(root, 'pool/blobs', digest.replace(':', '/'));
const place = ({ repository }: SetImage) => `/v2/${origin.host.replace(':', '_')}/${repository}`;
const manifestUrl = ({ url }: RunningRegistry, image: SetImage) =>
  `${url}${place(image)}/manifests/${image.manifest.digest}`;
/** The layer that an image has for itself. */
const ownLayer = ({ manifest }: SetImage) => manifest.blobs.at(-1) ?? { digest: '', size: 0 };
const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as RegistryReport;
const ended = async (registry: RunningRegistry) => {
  expect(await registry.stop(), registry.said.stderr).toBe(0);
  return read(report);
};
/** Changes one byte in the middle of a file. */
const damage = async (path: string) => {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
};
const messageOf = async (answer: Response) => {
  const { errors } = (await answer.json()) as { errors: { message: string }[] };
  return errors[0]?.message;
};

describe('a partition that is not as its passport says', () => {
  it.each([
    ['is gone', (path: string) => rm(path), 'missing', 'is not on the disk'],
    ['is cut off', (path: string) => truncate(path, 1000), 'corrupt', 'bytes on the disk instead of'],
    [
      'is a link',
      async (path: string) => {
        await rename(path, `${path}.aside`);
        await symlink(`${path}.aside`, path);
      },
      'corrupt',
      'is a link',
    ],
    [
      'is a folder',
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
      'corrupt',
      'is no regular file',
    ],
  ])(
    'answers 404 for an image a layer of which %s, and serves the others',
    async (_, spoil, state, reason) => {
      const [tool, oci] = images() as [SetImage, SetImage];
      const { digest } = ownLayer(tool);
      await spoil(pathOf(digest));
      const registry = await serve();
      const refused = await fetch(manifestUrl(registry, tool));
      expect(refused.status).toBe(404);
      expect(await messageOf(refused)).toContain(reason);
      expect((await fetch(`${registry.url}${place(tool)}/blobs/${digest}`)).status).toBe(404);
      expect((await fetch(manifestUrl(registry, oci))).status).toBe(200);
      const { faults, refused: refusals } = await ended(registry);
      expect(refusals).toBe(2);
      expect(faults).toMatchObject([{ digest, state, neededBy: tool.referenceByDigest }]);
    },
  );

  it('sends no manifest and no configuration that is another, and no index that leads to one', async () => {
    const [tool, oci, index] = images() as [SetImage, SetImage, SetImage];
    const instance = index.manifest.instances[0]?.manifest;
    await damage(pathOf(tool.manifest.digest));
    await damage(pathOf(oci.manifest.blobs[0]?.digest ?? ''));
    await damage(pathOf(instance?.digest ?? ''));
    const registry = await serve();
    for (const image of [tool, oci, index]) {
      const answer = await fetch(manifestUrl(registry, image));
      expect(answer.status).toBe(404);
      expect(await messageOf(answer)).toContain('corrupt');
    }
    const blob = await fetch(`${registry.url}${place(oci)}/blobs/${oci.manifest.blobs[0]?.digest}`);
    expect(blob.status).toBe(404);
    const { faults } = await ended(registry);
    expect(faults.map(({ state }) => state)).toEqual(['corrupt', 'corrupt', 'corrupt']);
  });

  it('names a layer that is another once it was handed out, and leaves its image to the next mirror', async () => {
    const [tool] = images() as [SetImage];
    const { digest, size } = ownLayer(tool);
    await damage(pathOf(digest));
    const registry = await serve();
    expect((await fetch(manifestUrl(registry, tool))).status).toBe(200);
    const sent = await (await fetch(`${registry.url}${place(tool)}/blobs/${digest}`)).arrayBuffer();
    expect(sent.byteLength).toBe(size);
    await expect.poll(async () => (await fetch(manifestUrl(registry, tool))).status).toBe(404);
    expect(registry.said.stderr).toContain(`${digest} is corrupt on the disk`);
    const { faults, blobs } = await ended(registry);
    expect(faults).toMatchObject([{ digest, state: 'corrupt' }]);
    expect(blobs).toEqual([{ digest, served: 1, bytes: size, aborted: 0 }]);
    const shown = await runTool(['boot-report', report]);
    expect(shown.status).toBe(9);
    expect(shown.stdout).toContain(`${digest} is corrupt on the disk`);
  });

  it('ends with a word about what is wrong', async () => {
    const start = () => runTool(['registry', 'serve', '--root', root, '--listen', '127.0.0.1:0']);
    await writeFile(join(root, 'precache.json'), '{"schemaVersion":');
    expect(await start()).toMatchObject({ status: 3 });
    await rm(join(root, 'precache.json'));
    expect(await start()).toMatchObject({ status: 7 });
    await cp(join(staged, 'precache.json'), join(root, 'precache.json'));
    await rename(join(root, 'pool'), join(root, 'elsewhere'));
    await symlink('elsewhere', join(root, 'pool'));
    expect(await start()).toMatchObject({ status: 8 });
  });
});

describe('where it listens', () => {
  it.each(['0.0.0.0:0', ':0', '[::]:0'])('refuses %s unless it is allowed', async (address) => {
    const { status, stderr } = await runTool(['registry', 'serve', '--root', root, '--listen', address]);
    expect(status).toBe(2);
    expect(stderr).toContain('--allow-remote');
  });

  it('says what it means to be reachable', async () => {
    const registry = await startRegistry(root, '--listen', '0.0.0.0:0', '--allow-remote');
    running.push(registry);
    await expect.poll(() => registry.said.stderr).toContain('no TLS, no password');
  });

  it('leaves an address to who has it already', async () => {
    const { host } = await serve();
    const { status, stderr } = await runTool(['registry', 'serve', '--root', root, '--listen', host]);
    expect(status).toBe(8);
    expect(stderr).toContain(`${host} is in use`);
    expect(stderr).not.toContain('defect');
  });
});

/** Opens a connection, with what becomes of it. */
async function open(host: string): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> {
  const [address = '', port = ''] = host.split(':');
  const socket = connect({ host: address, port: Number(port) });
  let text = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await Promise.race([new Promise((resolve) => socket.on('connect', resolve)), closed]);
  return { socket, text: () => text, closed };
}

describe('clients that mean no good', () => {
  it.each([
    ['a header of 1 MB', `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(mebibyte)}\r\n\r\n`, '431'],
    ['a path of 20 KB', `GET /${'y'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, '431'],
    [
      'a path of 4 KB',
      `GET /v2/${'y/'.repeat(2000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      '414',
    ],
    ['no HTTP', '\u0016\u0003\u0001 hello', '400'],
    ['a way out', 'GET /v2/../../precache.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
    ['a body', 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc', '405'],
  ])('are answered: %s', async (_, request, status) => {
    const registry = await serve();
    const { socket, text, closed } = await open(registry.host);
    socket.write(request);
    await closed;
    expect(text()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await fetch(`${registry.url}/v2/`)).status).toBe(200);
  });

  it('that send half a request are closed', async () => {
    const registry = await serve();
    const { socket, text, closed } = await open(registry.host);
    socket.write('GET /v2/ HT');
    await closed;
    expect(text()).toContain('408');
  }, 30_000);

  it('that go away in mid-transfer are counted, and leave no file open', async () => {
    const [tool] = images() as [SetImage];
    const registry = await serve();
    const { socket } = await open(registry.host);
    socket.write(`GET ${place(tool)}/blobs/${ownLayer(tool).digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'data');
    const files = () => output(['ls', '-l', `/proc/${registry.pid}/fd`]);
    expect(await files()).toContain('pool/blobs');
    socket.destroy();
    await expect.poll(files).not.toContain('pool/blobs');
    const { aborted, blobs } = await ended(registry);
    expect(aborted).toBe(1);
    expect(blobs).toMatchObject([{ served: 0, aborted: 1 }]);
  });

  it('that are too many are turned away, and the rest is served', async () => {
    const registry = await serve('--max-connections', '20');
    const opened = await Promise.all(Array.from({ length: 60 }, () => open(registry.host)));
    await expect.poll(() => opened.filter(({ socket }) => socket.closed).length).toBe(40);
    for (const { socket } of opened) socket.destroy();
    // Until the server has seen that the others are gone, there are too many still.
    let turnedAway = 40;
    await expect
      .poll(async () =>
        fetch(`${registry.url}/v2/`).then(
          ({ status }) => status,
          () => {
            turnedAway += 1;
            return 0;
          },
        ),
      )
      .toBe(200);
    expect(await ended(registry)).toMatchObject({ turnedAway });
  });

  it('10,000 at a time do not end it', async () => {
    const registry = await serve();
    const limit = Number((await output(['bash', '-c', 'ulimit -Hn'])).replace('unlimited', '1e6'));
    const many = Math.min(10_000, limit - 500);
    const sockets: Socket[] = [];
    for (let begun = 0; begun < many; begun += 500) {
      const opened = await Promise.all(Array.from({ length: 500 }, () => open(registry.host)));
      sockets.push(...opened.map(({ socket }) => socket));
    }
    const memory = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${registry.pid}/status`, 'utf8'))?.[1]);
    expect(memory / 1024).toBeLessThan(120);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () =>
        fetch(`${registry.url}/v2/`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect((await ended(registry)).turnedAway).toBeGreaterThan(many - 600);
  }, 60_000);
});

it('ends with SIGTERM while a client reads nothing', async () => {
  const [tool] = images() as [SetImage];
  const registry = await serve();
  const { socket } = await open(registry.host);
  socket.write(`GET ${place(tool)}/blobs/${ownLayer(tool).digest} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  expect(await ended(registry)).toMatchObject({ state: 'stopped', reason: 'ended by a signal', aborted: 1 });
}, 20_000);

describeWith({ programs: ['systemd-socket-activate'] }, 'a socket of systemd', () => {
  it('is listened on, and freed when nobody asks', async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const argv = ['systemd-socket-activate', '-l', `127.0.0.1:${port}`, '-E', 'PATH'] as const;
    const serving = run([
      ...argv,
      toolPath,
      'registry',
      'serve',
      '--root',
      root,
      '--idle-timeout',
      '1s',
      '--report',
      report,
    ]);
    const [tool] = images() as [SetImage];
    const url = `http://127.0.0.1:${port}${place(tool)}/manifests/${tool.manifest.digest}`;
    await expect
      .poll(async () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    const { status, stderr } = await serving;
    expect(status, stderr).toBe(0);
    expect(await read(report)).toMatchObject({
      state: 'stopped',
      reason: 'idle',
      listen: `127.0.0.1:${port}`,
    });
  }, 20_000);
});

describeWith({ root: true, programs: ['mount', 'skopeo'] }, 'a partition mounted read-only', () => {
  it('is served, and no byte of it is written', async () => {
    await output(['mount', '--bind', root, root]);
    try {
      await output(['mount', '-o', 'remount,bind,ro', root]);
      const registry = await serve();
      const conf = join(work.path, 'ro.conf');
      await writeMirrorConf(conf, origin.host, registry.host, 'in its place');
      const [tool] = images() as [SetImage];
      const copied = join(work.path, 'copied');
      const copy = ['copy', '--quiet', `docker://${tool.reference}`, `dir:${copied}`];
      await output(['skopeo', '--registries-conf', conf, ...copy]);
      await ended(registry);
    } finally {
      await output(['umount', root]);
    }
  });
});
