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

/**
 * The TLS identity for one registry: the system's CAs (or `SSL_CERT_FILE`), `NODE_EXTRA_CA_CERTS`, `--cert-dir` and
 * the first existing certs.d folder of the registry (containers-certs.d(5)). Node.js replaces its own list by the
 * one it is given, so the whole list is built here. Throws `host` on a file that cannot be used.
 */
export function secureContextFor(registry: string, { env, certDir }: CertificateSources): SecureContext {
  const folders = [certDir, certsDir(registry, env)].filter((folder) => folder !== undefined);
  const authorities = [
    ...systemAuthorities(env),
    ...optional(env['NODE_EXTRA_CA_CERTS']),
    ...folders.flatMap((folder) => filesOf(folder, '.crt').map(read)),
  ];
  const [client] = folders.flatMap(clientCertificates);
  try {
    return createSecureContext({ ca: authorities, ...client });
  } catch (cause) {
    throw new ToolError('host', `a certificate for ${registry} cannot be used: ${messageOf(cause)}`, {
      hint: `look into ${folders.join(', ') || 'the CA bundle'}; the files are PEM`,
      cause,
    });
  }
}

function systemAuthorities(env: CertificateSources['env']): readonly string[] {
  if (env['SSL_CERT_FILE']) return [read(env['SSL_CERT_FILE'])];
  for (const bundle of systemBundles) {
    const found = readIfThere(bundle);
    if (found !== undefined) return [found];
  }
  return rootCertificates;
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
function clientCertificates(folder: string): { cert: string; key: string }[] {
  return filesOf(folder, '.cert').map((path) => {
    const key = path.replace(/\.cert$/, '.key');
    const keyText = readIfThere(key);
    if (keyText === undefined) {
      throw new ToolError('host', `${path} has no key beside it`, { hint: `put it into ${key}` });
    }
    return { cert: read(path), key: keyText };
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

function optional(path: string | undefined): string[] {
  return path ? [read(path)] : [];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function read(path: string): string {
  const text = readIfThere(path);
  if (text === undefined) throw new ToolError('host', `the certificate file ${path} cannot be read`);
  return text;
}
