import { ruleFor } from './endpoints.ts';
import { mirrorName } from './mirror-place.ts';
import type { RegistryRule } from './registries-conf.ts';

/**
 * A registries.conf drop-in that asks the registry that listens at an address first for each of these repositories
 * (`quay.io/ocp/release`), digests and tags alike. A later table replaces an earlier one of its prefix, and a longer prefix hides a shorter one
 * (containers-registries.conf(5)). So each table has all that `rules`, the node's own, say of its repository: mirrors,
 * location, `blocked`, `insecure`. Without the node's registry a pull goes the way that it went before. Tables of single
 * tags, of digests and of deeper repositories stay in force.
 */
export function nodeMirrors(
  listen: string,
  repositories: readonly string[],
  rules: readonly RegistryRule[],
): string {
  return repositories.map((repository) => registryTable(listen, repository, rules)).join('\n');
}

function registryTable(listen: string, name: string, rules: readonly RegistryRule[]): string {
  const found = ruleFor(name, rules);
  const rest = name.slice(found?.matched ?? 0);
  const at = (place: string): string => `${place}${rest}`;
  const { rule } = found ?? {};
  const mirrors = (rule?.mirrors ?? []).map((mirror) =>
    mirrorTable(
      at(mirror.location),
      mirror.insecure,
      // It cannot be said of the whole table any more, ours being asked for tags, too.
      rule?.mirrorByDigestOnly === true ? 'digest-only' : mirror.pullFrom,
    ),
  );
  return [
    '[[registry]]',
    `prefix = ${text(name)}`,
    `location = ${text(rule?.location === undefined ? name : at(rule.location))}`,
    ...(rule?.insecure === true ? ['insecure = true'] : []),
    ...(rule?.blocked === true ? ['blocked = true'] : []),
    '',
    [mirrorTable(`${listen}/${mirrorName(name)}`, true, 'all'), ...mirrors].join('\n'),
  ].join('\n');
}

function mirrorTable(location: string, insecure: boolean, pullFrom: string): string {
  return [
    '[[registry.mirror]]',
    `location = ${text(location)}`,
    ...(insecure ? ['insecure = true'] : []),
    ...(pullFrom === 'all' ? [] : [`pull-from-mirror = ${text(pullFrom)}`]),
    '',
  ].join('\n');
}

/** A basic string of TOML; of names of registries, JSON writes the same. */
function text(value: string): string {
  return JSON.stringify(value);
}
