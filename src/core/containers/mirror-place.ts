/**
 * The name under which `registry serve` has the images of a registry, a namespace or a repository (`quay.io`,
 * `registry.lab:5000/ocp`): the same text, with its host written so that it is legal in a repository name
 * (distribution-spec, "Pulling manifests"). A mirror of `place` is at `<host and port of the server>/<this>`.
 *
 * No two hosts share a name: the port follows a `_`, which no host has (`registry.lab_5000`), and an IPv6 address
 * becomes `ipv6_` and its groups, joined by `-`, with a `z` for the zeros left out (`[::1]:5000` is `ipv6_z-1_5000`).
 * A prefix with a wildcard (`*.lab`) has no such name: containers-registries.conf(5) puts a mirror in place of the host.
 */
export function mirrorName(place: string): string {
  const slash = place.indexOf('/');
  const host = slash === -1 ? place : place.slice(0, slash);
  const rest = slash === -1 ? '' : place.slice(slash);
  const [, name = host, port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const legal = name.startsWith('[') ? ipv6Name(name) : name.toLowerCase();
  return `${legal}${port === undefined ? '' : `_${port}`}${rest}`;
}

function ipv6Name(bracketed: string): string {
  // The shortest form of the address: two spellings of one host are one host.
  const canonical = URL.canParse(`http://${bracketed}`) ? new URL(`http://${bracketed}`).hostname : bracketed;
  const groups = canonical.slice(1, -1).replace('::', ':z:').replaceAll(/^:|:$/g, '');
  return `ipv6_${groups.replaceAll(':', '-')}`;
}
