import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../test/support/certificates.ts';
import { describeWith } from '../../test/support/needs.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts';
import { trustFor } from './certificates.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await makeTemporaryFolder();
});
afterEach(() => folder.remove());

const at = (path: string) => join(folder.path, path);
async function put(path: string, text: string): Promise<string> {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), text);
  return at(path);
}
const [certificate = '', other = '', third = ''] = rootCertificates;
const trust = (env: Record<string, string>, certDir?: string, registry = 'reg.test:5000') =>
  trustFor(registry, { env: { HOME: folder.path, ...env }, certDir });

describe('the CAs', () => {
  it('are the named files instead of those of the system, and what is added to them', async () => {
    const SSL_CERT_FILE = await put('ca.pem', certificate);
    await put('hashed/1a2b3c4d.0', other);
    await put('hashed/README', 'nothing');
    const NODE_EXTRA_CA_CERTS = await put('extra.pem', third);
    const env = { SSL_CERT_FILE, SSL_CERT_DIR: at('hashed'), NODE_EXTRA_CA_CERTS };
    const certDir = dirname(await put('cert-dir/x.crt', other));
    await put('cert-dir/x.txt', 'not read');
    expect(trust(env, certDir).authorities).toEqual([
      SSL_CERT_FILE,
      at('hashed'),
      NODE_EXTRA_CA_CERTS,
      at('cert-dir/x.crt'),
    ]);
    expect(trust({ SSL_CERT_DIR: at('hashed') }).authorities).toEqual([at('hashed')]);
  });

  it('of certs.d are those of the first folder named as the registry is', async () => {
    const SSL_CERT_FILE = await put('ca.pem', certificate);
    const own = await put('.config/containers/certs.d/reg.test:5000/ca.crt', other);
    expect(trust({ SSL_CERT_FILE }).authorities).toEqual([SSL_CERT_FILE, own]);
    expect(trust({ SSL_CERT_FILE }, undefined, 'reg.test').authorities).toEqual([SSL_CERT_FILE]);
  });

  it.each([
    ['a file that is not there', { SSL_CERT_FILE: '/nowhere.pem' }, undefined, '/nowhere.pem cannot be read'],
    ['a folder that is not there', {}, '/nowhere', '/nowhere cannot be read'],
  ])('with %s', (_name, env, certDir, message) => {
    expect(() => trust(env, certDir)).toThrow(message);
  });

  it.each(['DER or text', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'that are none are named (%j)',
    async (text) => {
      const file = await put('cert-dir/x.crt', text);
      expect(() => trust({}, at('cert-dir'))).toThrow(`${file} holds no certificate that can be read`);
    },
  );
});

describeWith({ programs: ['openssl'] }, 'a client certificate', () => {
  it('is a pair of one name; half a pair is refused', async () => {
    const made = await makeCertificates(folder.path);
    const certDir = at('client');
    await mkdir(certDir);
    await rename(made.certificateFile, join(certDir, 'me.cert'));
    expect(() => trust({}, certDir)).toThrow('me.cert has no key beside it');
    await rename(made.keyFile, join(certDir, 'me.key'));
    expect(trust({}, certDir).clientCertificate).toBe(join(certDir, 'me.cert'));
    await rename(join(certDir, 'me.cert'), join(certDir, 'other.crt'));
    expect(() => trust({}, certDir)).toThrow('me.key has no certificate beside it');
  });
});
