import { BlockList, isIP } from 'node:net';
import { ToolError } from '../errors.ts';

/** A forward proxy. Its address is without credentials; `authorization` is the header's value. */
export interface ForwardProxy {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  readonly authorization: string | undefined;
}

/** Which proxy serves a URL; undefined where it is reached directly. Throws `host` on an address it cannot use. */
export type ProxyFor = (target: URL) => ForwardProxy | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxies of the environment: `https_proxy` or `http_proxy` by the scheme of the target, else `all_proxy`, except
 * for what `no_proxy` names; lower case before upper case, as curl has it. The rules of `no_proxy` are those of
 * Go's httpproxy: `*`, domains with all below them (only those below with a leading dot), addresses and networks,
 * each with an optional port. This machine itself is always reached directly.
 */
export function proxiesOf(env: Environment): ProxyFor {
  const isExcepted = exceptionsOf(variable(env, 'no_proxy')?.value ?? '');
  return (target) => {
    const named = variable(env, target.protocol === 'https:' ? 'https_proxy' : 'http_proxy', 'all_proxy');
    if (named === undefined) return undefined;
    const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase();
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    return isThisMachine(host) || isExcepted(host, port) ? undefined : parseProxy(named);
  };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** The first variable that is set and not empty. */
function variable(env: Environment, ...names: readonly string[]): Variable | undefined {
  return names
    .flatMap((name) => [name, name.toUpperCase()])
    .map((name) => ({ name, value: env[name] ?? '' }))
    .find(({ value }) => value !== '');
}

/** The message never shows the value: it may hold a password. */
function parseProxy({ name, value }: Variable): ForwardProxy {
  const text = /^[a-z0-9+.-]+:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || !['http:', 'https:'].includes(url.protocol)) {
    const reason = url === undefined ? 'is no address' : `names a ${url.protocol.slice(0, -1)} proxy`;
    throw new ToolError('host', `the variable ${name} ${reason}`, {
      hint: `write it as http://host:port or https://host:port, or unset it; except hosts with NO_PROXY`,
    });
  }
  const user = [url.username, url.password].map(decodePercent).join(':');
  return {
    origin: url.origin,
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
  };
}

/** A text that is not percent-encoded as it should be means itself. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

type Excepts = (host: string, port: string) => boolean;

function exceptionsOf(list: string): Excepts {
  const entries = list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  if (entries.includes('*')) return () => true;
  const tests = entries.map(exceptionOf);
  return (host, port) => tests.some((test) => test(host, port));
}

function exceptionOf(entry: string): Excepts {
  const network = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return inNetwork(network[1] ?? '', Number(network[2]));
  const [name, wanted] = splitPort(entry);
  const rightPort = (port: string): boolean => wanted === undefined || wanted === port;
  if (isIP(name) !== 0) {
    const same = inNetwork(name, isIP(name) === 4 ? 32 : 128);
    return (host, port) => same(host, port) && rightPort(port);
  }
  const domain = name.replace(/^\*\./, '.');
  if (domain === '' || domain === '.') return () => false;
  const below = domain.startsWith('.') ? domain : `.${domain}`;
  return (host, port) => (host === domain || host.endsWith(below)) && rightPort(port);
}

/** `host:port`, `[address]:port` or either without a port. An IPv6 address may stand without brackets. */
function splitPort(entry: string): [string, string | undefined] {
  if (isIP(entry) !== 0) return [entry, undefined];
  const [, name = entry, port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return [name.replace(/^\[|\]$/g, ''), port];
}

function inNetwork(address: string, prefix: number): Excepts {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return () => false;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
