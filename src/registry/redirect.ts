import { BlockList, isIP } from 'node:net';
import { RegistryError } from './errors.ts';

const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  privateAddresses.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  privateAddresses.addSubnet(network, prefix, 'ipv6');
}

/** The host of a URL or of a reference's registry, without port and brackets. */
function hostOf(registry: string): string {
  return registry.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

export function isLoopback(registry: string): boolean {
  const host = hostOf(registry);
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isPrivate(registry: string): boolean {
  const host = hostOf(registry);
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return privateAddresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Where a registry sends us, by a redirect or by the realm of its challenge, if we may go there: never from https to
 * http, never from a public registry to a private address (it must not steer this machine against its own network).
 */
export function allowedTarget(from: URL, target: string | undefined, what: string): URL {
  const refuse = (where: string): never => {
    throw new RegistryError(
      'network',
      'final',
      `${what}: the registry sends us to ${where}, which is refused`,
      { hint: 'ask the owner of the registry, or name a mirror of it in registries.conf' },
    );
  };
  if (target === undefined || !URL.canParse(target, from.href)) return refuse('no address');
  const to = new URL(target, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return refuse(`a ${to.protocol} address`);
  if (from.protocol === 'https:' && to.protocol === 'http:') return refuse(`plain http (${to.host})`);
  if (isPrivate(to.host) && !isPrivate(from.host)) return refuse(`the private address ${to.host}`);
  return to;
}
