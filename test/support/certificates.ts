import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './process.ts';

/** A server's identity, and the CA that vouches for it. */
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

export interface CertificateOptions {
  /** What the server's certificate is for, as openssl writes it; 127.0.0.1 and localhost, unless said otherwise. */
  readonly names?: string;
  /** How long it is good for, from now; a day, unless said otherwise. Of an expired one less than 0. */
  readonly days?: number;
}

/** Makes a CA and a server certificate in a folder. Needs openssl. */
export async function makeCertificates(
  folder: string,
  { names = 'IP:127.0.0.1,DNS:localhost', days = 1 }: CertificateOptions = {},
): Promise<Certificates> {
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
  await writeFile(inFolder('server.ext'), `subjectAltName=${names}\n`);
  const life = ['-days', String(days)];
  const request = ['-in', 'server.csr', '-out', 'server.crt', ...life, '-extfile', 'server.ext'];
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
