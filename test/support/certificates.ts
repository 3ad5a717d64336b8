import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './process.ts';

/** A server's identity for 127.0.0.1 and localhost, and the CA that vouches for it. */
export interface Certificates {
  /** A folder with `ca.crt` and nothing else, as `certs.d` and `--cert-dir` take it. */
  readonly trustFolder: string;
  readonly keyFile: string;
  readonly certificateFile: string;
  /** PEM texts. */
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/** Makes a CA and a server certificate in a folder, good for a day. Needs openssl. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const trustFolder = join(folder, 'trust');
  await mkdir(trustFolder, { recursive: true });
  const inFolder = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => output(['openssl', ...args], { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '1',
    '-subj',
    '/CN=test CA',
  );
  await openssl(
    'req',
    ...newKey,
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=test registry',
  );
  await writeFile(inFolder('server.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const request = ['-in', 'server.csr', '-out', 'server.crt', '-days', '1', '-extfile', 'server.ext'];
  await openssl('x509', '-req', ...request, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial');
  await rename(inFolder('ca.crt'), join(trustFolder, 'ca.crt'));
  return {
    trustFolder,
    keyFile: inFolder('server.key'),
    certificateFile: inFolder('server.crt'),
    key: await readText(inFolder('server.key')),
    certificate: await readText(inFolder('server.crt')),
    ca: await readText(join(trustFolder, 'ca.crt')),
  };
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
