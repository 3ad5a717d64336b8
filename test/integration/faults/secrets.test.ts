import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, errorAnswer, type Fault } from '../../support/fake-registry/answer.ts';
import { faults } from '../../support/fake-registry/faults.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry.ts';
import { type FaultSite, openFaultSite, serveImage } from '../../support/fault-site.ts';
import { run, toolPath } from '../../support/process.ts';

const user = { username: 'factory', password: 'pass/wörd-7f3a' };
const basic = Buffer.from(`${user.username}:${user.password}`).toString('base64');
const signature = 'X-Signature=4f9c2b';

let site: FaultSite;
let cdn: FakeRegistry;
let args: string[];
beforeEach(async () => {
  site = await openFaultSite({ access: { scheme: 'bearer', ...user, expiresIn: 300 } });
  cdn = await startFakeRegistry();
  for (const { repository } of [site.sound, site.faulty]) serveImage(cdn, repository);
  const authFile = join(site.work, 'auth.json');
  await writeFile(authFile, JSON.stringify({ auths: { [site.registry.host]: { auth: basic } } }), {
    mode: 0o600,
  });
  args = ['--authfile', authFile];
});
afterEach(async () => {
  await cdn.close();
  await site.close();
});

/** The password in every form, and every token the registry was shown. */
function secrets(): string[] {
  const shown = site.registry.log.flatMap(({ headers }) => headers.authorization?.split(' ')[1] ?? []);
  const { password } = user;
  return [...new Set([password, encodeURIComponent(password), basic, signature, ...shown])];
}

function expectNone(text: string, where: string): void {
  for (const secret of secrets()) expect(text.includes(secret), `a secret in ${where}:\n${text}`).toBe(false);
}

/** Every file that a run left in the staging folder, but for what the registry served. */
async function expectNoneInFolder(): Promise<void> {
  for (const entry of await readdir(site.folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    expectNone(path, 'a name');
    if (entry.isFile()) expectNone(await readFile(path, 'latin1'), path);
  }
}

/** Says back all it was told, as some registries do in their errors. */
const echo =
  (status: number): Fault =>
  (request): Answer => {
    const { authorization = 'none' } = request.headers;
    return errorAnswer(status, `DENIED ${authorization}`, {
      'www-authenticate': `Basic realm="${authorization}"`,
      'x-told': authorization,
    });
  };
const toCdn: Fault = ({ path }) => ({
  status: 307,
  headers: { location: `${cdn.url}${path}?${signature}`, 'content-length': '0' },
  body: Buffer.alloc(0),
});
const toPassword: Fault = () => ({
  status: 307,
  headers: {
    location: `ftp://factory:${encodeURIComponent(user.password)}@host/${signature}`,
    'content-length': '0',
  },
  body: Buffer.alloc(0),
});

const cases: readonly (readonly [string, () => void])[] = [
  ['case 48: no secret shows in a run that goes well', () => undefined],
  ['case 48: no secret shows when the credentials are refused', () => at('/manifests/', echo(401))],
  ['case 48: no secret shows when the pull is denied', () => at('/blobs/', echo(403))],
  ['case 48: no secret shows when the token service refuses', () => at('/token', echo(401))],
  ['case 48: no secret shows when the token service denies', () => at('/token', echo(400))],
  [
    'case 48: no secret shows when the token service talks of it',
    () => at('/token', faults.answer(`{"token": "${basic}\\n"}`)),
  ],
  ['case 48: no secret shows when a manifest is one', () => at('/manifests/', faults.answer(basic))],
  [
    'case 48: no secret shows when a signed URL is refused',
    () => {
      at('/blobs/', toCdn);
      cdn.fault({ path: /blobs/, fault: echo(403) });
    },
  ],
  [
    'case 48: no secret shows when a signed URL leads nowhere',
    () => {
      at('/blobs/', toCdn);
      cdn.fault({ path: /blobs/, fault: faults.cutBody(10), times: 12 });
    },
  ],
  ['case 48: no secret shows when a redirect is refused', () => at('/blobs/', toPassword)],
];

function at(path: string, fault: Fault): void {
  site.registry.fault({ path, fault });
}

describe('what a run says and leaves', () => {
  it.each(cases)('%s', async (_title, prepare) => {
    prepare();
    for (const debug of ['1', '*']) {
      const env = { ...site.env, DEBUG: debug };
      const { stdout, stderr } = await run([toolPath, ...site.argv(...args)], { env });
      expect(stderr).not.toContain('defect');
      expectNone(stdout, 'standard output');
      expectNone(stderr, 'standard error');
      await expectNoneInFolder();
    }
    expect(site.registry.log.some(({ authorization }) => authorization !== undefined)).toBe(true);
  });

  it('case 48: no secret shows in the list of processes', async () => {
    site.registry.fault({ path: '/blobs/', fault: faults.noHeaders() });
    const child = spawn(toolPath, site.argv(...args), {
      stdio: 'ignore',
      env: { ...process.env, ...site.env },
    });
    while (site.asked().length === 0) await new Promise((go) => setTimeout(go, 10));
    for (const pid of [child.pid ?? 0, ...(await descendants(child.pid ?? 0))]) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      expect(line.length).toBeGreaterThan(0);
      expectNone(line, `the command line of process ${pid}`);
      expectNone(await readFile(`/proc/${pid}/environ`, 'utf8'), `the environment of process ${pid}`);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});

async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}
