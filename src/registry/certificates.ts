import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { messageOf, ToolError } from '../core/errors.ts';

/** Where distributions keep the system's CA bundle; the first that is there counts. */
const systemBundles = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export interface CertificateSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Given on the command line: used for every registry, beside its certs.d. */
  readonly certDir: string | undefined;
}

/** Whom a connection trusts, and as whom it presents itself. */
export interface Trust {
  /** Undefined where there is no TLS. */
  readonly context: SecureContext | undefined;
  /** Where the CAs come from: files, in the order they were read. */
  readonly authorities: readonly string[];
  /** The file of the client certificate. */
  readonly clientCertificate: string | undefined;
}

interface Authority {
  readonly from: string;
  readonly pem: string;
}

/**
 * The trust for one registry: the system's CAs (replaced by `SSL_CERT_FILE` and `SSL_CERT_DIR`, which the
 * environment may name), `NODE_EXTRA_CA_CERTS`, `--cert-dir` and the first existing certs.d folder of the registry
 * (containers-certs.d(5)), whose name is written as in the reference. Node.js replaces its own list by the one it is
 * given, so the whole list is built here. Throws `host` on a file that cannot be used.
 */
export function trustFor(registry: string, { env, certDir }: CertificateSources): Trust {
  const folders = [certDir, certsDir(registry, env)].filter((folder) => folder !== undefined);
  const authorities = [
    ...systemAuthorities(env),
    ...(env['NODE_EXTRA_CA_CERTS'] ? [readAuthority(env['NODE_EXTRA_CA_CERTS'])] : []),
    ...folders.flatMap((folder) => filesOf(folder, '.crt').map(readAuthority)),
  ];
  const [client] = folders.flatMap(clientCertificates);
  const identity = client && { cert: client.cert, key: client.key };
  try {
    const context = createSecureContext({ ca: [...new Set(authorities.map(({ pem }) => pem))], ...identity });
    return {
      context,
      authorities: [...new Set(authorities.map(({ from }) => from))],
      clientCertificate: client?.path,
    };
  } catch (cause) {
    throw new ToolError('host', `a certificate for ${registry} cannot be used: ${messageOf(cause)}`, {
      hint: `look into ${folders.join(', ') || 'the CA bundle'}; the files are PEM`,
      cause,
    });
  }
}

function systemAuthorities(env: CertificateSources['env']): readonly Authority[] {
  const [file, folders] = [env['SSL_CERT_FILE'], env['SSL_CERT_DIR']];
  if (file || folders) {
    const named = (folders ?? '').split(':').filter((folder) => folder !== '');
    return [...(file ? [readAuthority(file)] : []), ...named.flatMap(authoritiesIn)];
  }
  for (const from of systemBundles) {
    const pem = readIfThere(from);
    if (pem !== undefined) return [{ from, pem }];
  }
  return rootCertificates.map((pem) => ({ from: 'the list built into Node.js', pem }));
}

/** Every certificate of a folder, whatever its files are called: those of OpenSSL are named by a hash. */
function authoritiesIn(folder: string): Authority[] {
  const texts = filesOf(folder, '').flatMap((path) => readIfThere(path) ?? []);
  return texts.filter((pem) => pem.includes(pemHead)).map((pem) => ({ from: folder, pem }));
}

/** The certs.d folder of a registry; the first existing one wins, they are not merged. */
function certsDir(registry: string, env: CertificateSources['env']): string | undefined {
  const home = env['HOME'];
  const roots = [
    ...(home ? [join(home, '.config/containers/certs.d')] : []),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ];
  return roots.map((root) => join(root, registry)).find((folder) => listIfThere(folder) !== undefined);
}

/** `x.cert` with `x.key`; half a pair is an error. */
function clientCertificates(folder: string): { path: string; cert: string; key: string }[] {
  for (const path of filesOf(folder, '.key')) {
    const certificate = path.replace(/\.key$/, '.cert');
    if (readIfThere(certificate) !== undefined) continue;
    throw new ToolError('host', `${path} has no certificate beside it`, {
      hint: `put it into ${certificate}; a CA is called *.crt`,
    });
  }
  return filesOf(folder, '.cert').map((path) => {
    const key = path.replace(/\.cert$/, '.key');
    const keyText = readIfThere(key);
    if (keyText === undefined) {
      throw new ToolError('host', `${path} has no key beside it`, { hint: `put it into ${key}` });
    }
    return { path, cert: readAuthority(path).pem, key: keyText };
  });
}

function filesOf(folder: string, suffix: string): string[] {
  const names = listIfThere(folder);
  if (names === undefined) throw new ToolError('host', `the certificate folder ${folder} cannot be read`);
  return names
    .filter((name) => name.endsWith(suffix))
    .toSorted()
    .map((name) => join(folder, name));
}

function listIfThere(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A file with one certificate or more. Node.js would pass over one that is none in silence. */
function readAuthority(from: string): Authority {
  const pem = readIfThere(from);
  if (pem === undefined) throw new ToolError('host', `the certificate file ${from} cannot be read`);
  try {
    const first = pem.includes(pemHead) ? new X509Certificate(pem) : undefined;
    if (first === undefined) throw new Error('it is not PEM');
  } catch (cause) {
    throw new ToolError('host', `${from} holds no certificate that can be read: ${messageOf(cause)}`, {
      hint: `it has to be PEM: openssl x509 -inform der -in ${from} makes it from the other form`,
      cause,
    });
  }
  return { from, pem };
}

const pemHead = '-----BEGIN CERTIFICATE-----';
