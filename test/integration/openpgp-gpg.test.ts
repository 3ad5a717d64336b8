import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Keyring, parseKeyring } from '../../src/core/openpgp/keyring.ts';
import { verifyMessage } from '../../src/core/openpgp/verify.ts';
import { describeWith } from '../support/needs.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const content = `{"claim": "${'content '.repeat(300)}"}\n`;

let home: TemporaryFolder;
let keyring: Keyring;
let release: Buffer;

interface Said {
  readonly status: number;
  readonly output: Buffer;
  /** Lines of --status-fd. */
  readonly said: string;
}

function gpg(args: readonly string[], input: string | Buffer = ''): Promise<Said> {
  const common = [
    '--homedir',
    home.path,
    '--batch',
    '--no-tty',
    '--yes',
    '--status-fd',
    '2',
    '--trust-model',
    'always',
  ];
  return new Promise((resolve) => {
    const child = execFile(
      'gpg',
      [...common, '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
      { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ status, output: stdout, said: stderr.toString('latin1') });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

async function mustGpg(args: readonly string[], input?: string | Buffer): Promise<Buffer> {
  const { status, output, said } = await gpg(args, input);
  if (status !== 0) throw new Error(`gpg ${args.join(' ')}: ${said}`);
  return output;
}

/** What gpg gives for a message: its content, if there is a signature and it is good, by a key that counts. */
async function judgedByGpg(message: Buffer): Promise<string | undefined> {
  const { status, output, said } = await gpg(['--decrypt'], message);
  const isGood = status === 0 && said.includes('] GOODSIG ') && said.includes('] VALIDSIG ');
  return isGood ? output.toString('latin1') : undefined;
}

function judgedByUs(message: Buffer): { content: string | undefined; why: string } {
  const found = verifyMessage(message, keyring, new Date());
  return found.verified
    ? { content: Buffer.from(found.content).toString('latin1'), why: '' }
    : { content: undefined, why: `${found.kind}: ${found.reason}` };
}

const sign = (user: string, ...options: readonly string[]): Promise<Buffer> =>
  mustGpg(['--sign', '--local-user', `${user}@example.com`, ...options], content);

async function makeKey(
  user: string,
  algorithm: string,
  usage: string,
  ...options: readonly string[]
): Promise<void> {
  await mustGpg([
    ...options,
    '--quick-generate-key',
    `${user} <${user}@example.com>`,
    algorithm,
    usage,
    'never',
  ]);
}

describeWith({ programs: ['gpg', 'gpgconf'] }, 'messages of gpg, judged as gpg judges them:', () => {
  beforeAll(async () => {
    home = await makeTemporaryFolder();
    await makeKey('rsa', 'rsa2048', 'sign,cert');
    await makeKey('large', 'rsa3072', 'sign,cert');
    await makeKey('edwards', 'ed25519', 'sign,cert');
    await makeKey('parent', 'rsa2048', 'cert');
    const [parent = ''] =
      /[0-9A-F]{40}/.exec((await gpg(['--list-keys', '--with-colons', 'parent@'])).output.toString()) ?? [];
    await mustGpg(['--quick-add-key', parent, 'rsa2048', 'sign', 'never']);
    const fixtures = new URL('../fixtures/', import.meta.url);
    await mustGpg(['--import', new URL('keys/keyring-redhat.txt', fixtures).pathname]);
    const [folder = ''] = (await readdir(new URL('signatures/', fixtures))).filter((name) =>
      name.includes('=0da6'),
    );
    release = await readFile(new URL(`signatures/${folder}/signature-1`, fixtures));
    keyring = parseKeyring(await mustGpg(['--export']), 'gpg');
  });
  afterAll(async () => {
    await new Promise((done) => execFile('gpgconf', ['--homedir', home.path, '--kill', 'all'], done));
    await home.remove();
  });

  it.each<readonly [string, ...string[]]>([
    ['rsa'],
    ['rsa', '--compress-algo', 'none'],
    ['rsa', '--compress-algo', 'zlib'],
    ['rsa', '--digest-algo', 'SHA384'],
    ['large', '--digest-algo', 'SHA512'],
    ['large', '--set-filename', 'x'.repeat(200)],
    ['rsa', '--default-sig-expire', '1d'],
    ['rsa', '--sig-notation', 'note@example.com=text'],
    ['rsa', '--sig-policy-url', 'https://example.com'],
  ])('both accept: %s', async (user, ...options) => {
    const message = await sign(user, ...options);
    expect(await judgedByGpg(message)).toBe(content);
    expect(judgedByUs(message)).toEqual({ content, why: '' });
  });

  it('both accept a message in pieces, as gpg makes them of what it reads from a pipe', async () => {
    const large = content.repeat(20);
    const message = await mustGpg(['--sign', '--compress-algo', 'none', '-u', 'rsa@example.com'], large);
    expect((message[15] ?? 0) & 0xc0, 'a header of the new format').toBe(0xc0);
    expect(message[16]).toBeGreaterThanOrEqual(224);
    expect(await judgedByGpg(message)).toBe(large);
    expect(judgedByUs(message).content).toBe(large);
  });

  it.each<readonly [string, string, ...string[]]>([
    ['unsupported', 'edwards'],
    ['unsupported', 'parent'],
    ['unsupported', 'rsa', '--local-user', 'large@example.com'],
    ['unsupported', 'rsa', '--compress-algo', 'bzip2'],
    ['unsupported', 'rsa', '--digest-algo', 'SHA224'],
    ['unsupported', 'rsa', '--textmode'],
    ['unsupported', 'rsa', '--sig-notation', '!note@example.com=critical'],
  ])('ours is stricter, %s: %s', async (kind, user, ...options) => {
    const { content: accepted, why } = judgedByUs(await sign(user, ...options));
    expect(accepted).toBeUndefined();
    expect(why).toMatch(new RegExp(`^${kind}: `));
  });

  it('both refuse a signature, and a key, that has expired or is revoked', async () => {
    const past = ['--faked-system-time', '20200101T000000'];
    await mustGpg([...past, '--quick-generate-key', 'old <old@example.com>', 'rsa2048', 'sign,cert', '1d']);
    await makeKey('revoked', 'rsa2048', 'sign,cert');
    const messages = [
      await sign('old', ...past),
      await sign(
        'rsa',
        '--faked-system-time',
        `${Math.floor(Date.now() / 1000)}!`,
        '--default-sig-expire',
        'seconds=1',
      ),
      await sign('revoked'),
    ];
    const fingerprint =
      /fpr:+([0-9A-F]{40}):/.exec(
        (await gpg(['--list-keys', '--with-colons', 'revoked@'])).output.toString(),
      )?.[1] ?? '';
    const revocation = await readFile(join(home.path, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8');
    await mustGpg(['--import'], revocation.replace(':-----BEGIN', '-----BEGIN'));
    keyring = parseKeyring(await mustGpg(['--export']), 'gpg');
    await new Promise((later) => setTimeout(later, 2100));
    for (const [index, kind] of ['unusable-key', 'expired', 'unusable-key'].entries()) {
      const message = messages[index] ?? Buffer.alloc(0);
      expect(await judgedByGpg(message)).toBeUndefined();
      expect(judgedByUs(message).why).toMatch(new RegExp(`^${kind}: `));
    }
  });

  it('what we accept gpg accepts, with the same content, whatever is changed', async () => {
    const seeds = [
      await sign('rsa'),
      await sign('rsa', '--compress-algo', 'none'),
      await mustGpg(['--sign', '--compress-algo', 'none', '-u', 'large@example.com'], content.repeat(10)),
      release,
    ];
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(seeds.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(7),
        fc.nat(3),
        async (which, place, bit, kind) => {
          const message = seeds[which] ?? Buffer.alloc(0);
          const at = Math.min(message.length - 1, Math.floor(place * message.length));
          const changed = Buffer.from(message);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          const made =
            kind === 0
              ? message.subarray(0, at)
              : kind === 1
                ? Buffer.concat([message, message.subarray(at)])
                : changed;
          const ours = judgedByUs(made).content;
          if (ours === undefined) return;
          accepted += 1;
          expect(await judgedByGpg(made)).toBe(ours);
          expect(judgedByUs(message).content).toBe(ours);
        },
      ),
      { numRuns: 3000, seed: 4 },
    );
    // Names and dates are not signed: some changes are of no consequence, and there the two were compared.
    expect(accepted).toBeGreaterThan(0);
  });

  it('every changed bit of the signature of 4.15.0 that we let pass gpg lets pass, with the same content', async () => {
    const { content: claim } = judgedByUs(release);
    expect(claim).toContain('ocp-release:4.15.0-x86_64');
    const passed: Buffer[] = [];
    for (let bit = 0; bit < release.length * 8; bit += 1) {
      const changed = Buffer.from(release);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (judgedByUs(changed).content !== undefined) passed.push(changed);
    }
    // The name and the date of the literal data, and the padding of the compression, which nothing signs.
    expect(passed.length).toBe(106);
    for (const changed of passed) {
      expect(await judgedByGpg(changed)).toBe(claim);
      expect(judgedByUs(changed).content).toBe(claim);
    }
  });

  it('what gpg refuses of changed messages we refuse', async () => {
    const message = await sign('rsa', '--compress-algo', 'none');
    for (let at = 0; at < message.length; at += Math.ceil(message.length / 120)) {
      const changed = Buffer.from(message);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      const theirs = await judgedByGpg(changed);
      if (theirs === undefined) expect(judgedByUs(changed).content).toBeUndefined();
    }
  });
});
