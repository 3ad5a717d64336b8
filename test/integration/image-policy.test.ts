import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachSignature, makeSigningKey } from '../support/attachments.ts';
import { type DataDescriptor, type DataSet, makeDataSet } from '../support/conformance-data.ts';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry.ts';
import { lacking } from '../support/needs.ts';
import { makeSigner } from '../support/openpgp.ts';
import { type Outcome, run, runTool } from '../support/process.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const repository = 'lab/tool';
const key = makeSigningKey();
const otherKey = makeSigningKey();
const signer = makeSigner();
const noSkopeo = lacking({ programs: ['skopeo'] }).length > 0;
const reject = { type: 'reject' };
const accept = { type: 'insecureAcceptAnything' };

let registry: FakeRegistry;
let work: TemporaryFolder;
let folder: string;
let data: DataSet;
let image: DataDescriptor;

beforeEach(async () => {
  registry = await startFakeRegistry();
  work = await makeTemporaryFolder();
  folder = join(work.path, 'staged');
  await mkdir(folder);
  data = makeDataSet(registry, repository);
  image = data.image({ tag: '1' });
  await writeFile(join(work.path, 'cosign.pub'), key.publicKey);
  await writeFile(join(work.path, 'other.pub'), otherKey.publicKey);
  await writeFile(join(work.path, 'signer.gpg'), signer.keyring);
  await registriesD(
    `default-docker:\n  use-sigstore-attachments: true\n  lookaside: file://${work.path}/lookaside\n`,
  );
});
afterEach(async () => {
  await registry.close();
  await work.remove();
});

const name = () => `${registry.host}/${repository}`;
const registriesFolder = () => join(work.path, '.config/containers/registries.d');
async function registriesD(text: string): Promise<void> {
  await mkdir(registriesFolder(), { recursive: true });
  await writeFile(join(registriesFolder(), 'default.yaml'), text);
}

/** Writes a policy for the host; keys are relative to the folder of the test. */
async function writePolicy(
  requirements: readonly object[],
  scopes: Record<string, readonly object[]> = {},
): Promise<string> {
  const path = join(work.path, 'policy.json');
  const docker = { [registry.host]: requirements, ...scopes };
  const text = JSON.stringify({ default: [reject], transports: { docker } });
  await writeFile(path, text.replaceAll('KEYS/', `${work.path}/`).replaceAll('NAME', name()));
  return path;
}

const download = (policy: string, ...args: readonly string[]): Promise<Outcome> => {
  const argv = [
    'download',
    '-f',
    folder,
    '--no-mount-check',
    '-a',
    `${name()}:1`,
    '--policy',
    policy,
    ...args,
  ];
  return runTool(argv, { env: { HOME: work.path } });
};

/** Whether skopeo copies the image under the policy; undefined where there is none that judges such policies. */
async function skopeoAccepts(policy: string): Promise<boolean | undefined> {
  if (noSkopeo) return undefined;
  const options = ['--policy', policy, '--registries.d', registriesFolder()];
  const to = `dir:${join(work.path, 'copied')}`;
  const copy = ['copy', '--quiet', '--src-tls-verify=false', '--src-no-creds', `docker://${name()}:1`, to];
  const { status, stderr } = await run(['skopeo', ...options, ...copy], { env: { HOME: work.path } });
  // Debian builds it without cosign signatures; the rules of names are those of OpenPGP signatures.
  return stderr.includes('sigstore disabled') ? undefined : status === 0;
}

/** Our verdict, that of skopeo, and the reason. */
async function judge(requirements: readonly object[], scopes?: Record<string, readonly object[]>) {
  const policy = await writePolicy(requirements, scopes);
  const { status, stderr } = await download(policy);
  expect([0, 6], stderr).toContain(status);
  return { accepted: status === 0, skopeo: await skopeoAccepts(policy), stderr };
}

const cosigned = (more: object = {}) => ({ type: 'sigstoreSigned', keyPath: 'KEYS/cosign.pub', ...more });
const signedBy = (more: object = {}) => ({
  type: 'signedBy',
  keyType: 'GPGKeys',
  keyPath: 'KEYS/signer.gpg',
  ...more,
});
const identity = (signedIdentity: object) => ({ signedIdentity });

/** Keeps an OpenPGP signature of the image in the lookaside store. */
async function signInStore(signedName: string, digest = image.digest, by = signer): Promise<void> {
  const claim = {
    critical: {
      type: 'atomic container signature',
      image: { 'docker-manifest-digest': digest },
      identity: { 'docker-reference': signedName },
    },
    optional: { creator: 'test' },
  };
  await mkdir(dirname(storedSignature()), { recursive: true });
  await writeFile(storedSignature(), by.sign(JSON.stringify(claim)));
}
const storedSignature = () =>
  join(work.path, 'lookaside', `${repository}@sha256=${image.digest.slice(7)}`, 'signature-1');

const attachAs = async (signedName: string): Promise<void> => {
  attachSignature(registry, { repository, subject: image }, key, signedName);
};
const signAs = (signedName: string): Promise<void> => signInStore(signedName);

describe.each([
  ['cosign signatures', cosigned, attachAs],
  ['OpenPGP signatures', signedBy, signAs],
] as const)('%s, judged as skopeo judges them:', (_kind, wanted, sign) => {
  const exact = (dockerReference: string) => identity({ type: 'exactReference', dockerReference });
  const within = (dockerRepository: string) => identity({ type: 'exactRepository', dockerRepository });
  const remapped = identity({ type: 'remapIdentity', prefix: 'NAME', signedPrefix: 'quay.io/x/y' });
  it.each<[string, object, string, boolean]>([
    ['the repository', identity({ type: 'matchRepository' }), '', true],
    ['the repository, where another one is signed', identity({ type: 'matchRepository' }), '-2', false],
    ['the whole name, where only the repository is signed', {}, '', false],
    ['the whole name', {}, ':1', true],
    ['the whole name, exactly', identity({ type: 'matchExact' }), ':1', true],
    ['the whole name, exactly, where another tag is signed', identity({ type: 'matchExact' }), ':2', false],
    ['the whole name, where another tag is signed', {}, ':2', false],
    ['this repository', within('NAME'), ':7', true],
    ['another repository', within('quay.io/x/y'), '', false],
    ['another reference, which is signed', exact('quay.io/x/y:3'), 'quay.io/x/y:3', true],
    ['another reference, which is not signed', exact('quay.io/x/y:3'), ':1', false],
    ['the name of the mirrored image', remapped, 'quay.io/x/y:1', true],
    ['the name of another image than is mirrored', remapped, 'quay.io/x/z:1', false],
  ])('a policy that wants %s', async (_what, rule, signedName, accepted) => {
    await sign(signedName.startsWith('quay.io') ? signedName : `${name()}${signedName}`);
    const verdict = await judge([wanted(rule)]);
    expect(verdict.accepted, verdict.stderr).toBe(accepted);
    expect(verdict.skopeo ?? accepted).toBe(accepted);
  });
});

describe('policies, judged as skopeo judges them:', () => {
  const repositoryRule = identity({ type: 'matchRepository' });
  const keyData = Buffer.from(key.publicKey).toString('base64');
  it.each<[string, readonly object[], boolean]>([
    ['anything', [accept], true],
    ['nothing', [reject], false],
    ['a key in the policy', [cosigned({ ...repositoryRule, keyPath: undefined, keyData })], true],
    [
      'one of two keys',
      [cosigned({ ...repositoryRule, keyPath: undefined, keyPaths: ['KEYS/other.pub', 'KEYS/cosign.pub'] })],
      true,
    ],
    ['another key', [cosigned({ ...repositoryRule, keyPath: 'KEYS/other.pub' })], false],
    ['a signature, and rejects', [cosigned(repositoryRule), reject], false],
    [
      'two signatures',
      [cosigned(repositoryRule), cosigned({ ...repositoryRule, keyPath: 'KEYS/other.pub' })],
      false,
    ],
  ])('one that wants %s', async (_what, requirements, accepted) => {
    attachSignature(registry, { repository, subject: image }, key);
    const verdict = await judge(requirements);
    expect(verdict.accepted, verdict.stderr).toBe(accepted);
    if (requirements.length === 1 && 'keyPaths' in (requirements[0] ?? {})) return;
    expect(verdict.skopeo ?? accepted).toBe(accepted);
  });

  it('the most specific scope replaces the others', async () => {
    const verdict = await judge([reject], { [name()]: [accept] });
    expect(verdict).toMatchObject({ accepted: true, skopeo: noSkopeo ? undefined : true });
    expect(await judge([accept], { [`${name()}:1`]: [reject] })).toMatchObject({ accepted: false });
  });

  it('an image without a signature is refused, and one that is signed for another image', async () => {
    const wanted = [cosigned(identity({ type: 'matchRepository' }))];
    const unsigned = await judge(wanted);
    expect(unsigned).toMatchObject({ accepted: false, skopeo: noSkopeo ? undefined : false });
    expect(unsigned.stderr).toContain('no cosign signature is attached');

    const other = data.image({ tag: 'other' });
    const replayed = attachSignature(registry, { repository, subject: other }, key);
    const manifest = await fetch(`${registry.url}/v2/${repository}/manifests/${replayed}`);
    registry.addManifest(repository, {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      bytes: Buffer.from(await manifest.arrayBuffer()),
      tag: `${image.digest.replace(':', '-')}.sig`,
    });
    const verdict = await judge(wanted);
    expect(verdict.accepted).toBe(false);
    expect(verdict.skopeo ?? false).toBe(false);
    expect(verdict.stderr).toContain('another image');
  });
});

describe('OpenPGP signatures in a lookaside store', () => {
  it.each<[string, () => Promise<void>, boolean, string]>([
    ['the name and the image', () => signInStore(`${name()}:1`), true, ''],
    ['another tag', () => signInStore(`${name()}:2`), false, 'not the name asked for'],
    ['another image', () => signInStore(`${name()}:1`, `sha256:${'1'.repeat(64)}`), false, 'another image'],
    [
      'the image, by another key',
      () => signInStore(`${name()}:1`, image.digest, makeSigner()),
      false,
      'not trusted',
    ],
    ['nothing', async () => undefined, false, 'there is no signature of it'],
  ])('that sign %s', async (_what, make, accepted, reason) => {
    await make();
    const verdict = await judge([signedBy()]);
    expect(verdict).toMatchObject({ accepted, skopeo: noSkopeo ? undefined : accepted });
    expect(verdict.stderr).toContain(reason);
  });

  it('are fetched over HTTP, and not looked for where no store is named', async () => {
    await signInStore(`${name()}:1`);
    await registriesD(`docker:\n  ${registry.host}:\n    lookaside: ${registry.url}/sigs\n`);
    registry.fault({
      path: '/sigs/',
      fault: () => ({ status: 404, headers: {}, body: Buffer.alloc(0) }),
    });
    expect((await judge([signedBy()])).stderr).toContain('there is no signature of it');
    registry.heal();
    const body = await readFile(storedSignature());
    registry.fault({
      path: `/sigs/${repository}@sha256=${image.digest.slice(7)}/signature-1`,
      fault: () => ({ status: 200, headers: {}, body }),
    });
    expect(await judge([signedBy()])).toMatchObject({ accepted: true });
    await registriesD('');
    const unnamed = await download(await writePolicy([signedBy()]));
    expect(unnamed.status).toBe(6);
    expect(unnamed.stderr).toContain('no registries.d names a lookaside store');
  });
});

describe('a policy', () => {
  it('keeps the signature with the image, and fails one image of several', async () => {
    attachSignature(registry, { repository, subject: image }, key);
    const other = makeDataSet(registry, 'lab/other');
    other.image({ tag: '1' });
    const policy = await writePolicy([reject], { NAME: [cosigned(identity({ type: 'matchRepository' }))] });
    const { status, stderr } = await download(policy, '-a', `${registry.host}/lab/other:1`);
    expect(status, stderr).toBe(6);
    expect(stderr).toContain(`policy.json refuses it: it rejects all images of this scope`);
    expect((await readdir(join(folder, 'images'))).toSorted()).toEqual(['tool_1']);
    expect(await readdir(join(folder, 'images/tool_1'))).toContain('signature-1');
    expect((await runTool(['verify', '-f', folder])).status).toBe(0);
  });

  it('that wants what cannot be verified fails its images, with a clear word', async () => {
    const { stderr, accepted } = await judge([
      { type: 'sigstoreSigned', fulcio: { caPath: '/x', oidcIssuer: 'y', subjectEmail: 'z' } },
    ]);
    expect(accepted).toBe(false);
    expect(stderr).toContain('asks for certificates of Fulcio, which this program cannot verify');
  });

  it('that is wrong is refused with all mistakes and their places', async () => {
    const path = join(work.path, 'policy.json');
    await writeFile(path, '{"default": [],\n "transport": {}}');
    const { status, stderr } = await download(path);
    expect(status).toBe(3);
    expect(stderr).toContain('policy.json:1:13: error: the list of requirements is empty');
    expect(stderr).toContain('policy.json:2:2: error: "transport" is unknown here');
    expect((await download(join(work.path, 'nowhere'))).status).toBe(7);
    const keyless = await download(await writePolicy([cosigned({ keyPath: 'KEYS/signer.gpg' })]));
    expect(keyless.stderr).toContain('is no public key for cosign signatures');
  });

  it('holds for plan, too', async () => {
    const argv = ['plan', '-a', `${name()}:1`, '--policy', await writePolicy([reject])];
    expect((await runTool(argv, { env: { HOME: work.path } })).status).toBe(6);
  });
});
