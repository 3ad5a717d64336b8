import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRegistriesConf, type RegistryRule } from '../core/containers/registries-conf.ts';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

/**
 * The rules of this machine (containers-registries.conf(5)): `CONTAINERS_REGISTRIES_CONF`, else the user's file,
 * else the system's; then its drop-ins by name. A later rule for the same prefix replaces the earlier.
 */
export function readRegistriesConf(
  env: Readonly<Record<string, string | undefined>>,
): readonly RegistryRule[] {
  const [main, dropIns] = configuredFiles(env);
  const rules = new Map<string, RegistryRule>();
  for (const path of [main, ...listDropIns(dropIns)]) {
    const text = readIfThere(path);
    if (text === undefined) continue;
    for (const rule of parseRegistriesConf(text, path)) rules.set(rule.prefix, rule);
  }
  return [...rules.values()];
}

/** The main file and the folder of its drop-ins. A file named by the environment stands alone. */
function configuredFiles(env: Readonly<Record<string, string | undefined>>): [string, string | undefined] {
  const named = env['CONTAINERS_REGISTRIES_CONF'] ?? env['REGISTRIES_CONFIG_PATH'];
  if (named) {
    if (readIfThere(named) === undefined)
      throw new ToolError('host', `the registries file ${named} is not there`);
    return [named, undefined];
  }
  const user =
    env['HOME'] === undefined ? undefined : join(env['HOME'], '.config/containers/registries.conf');
  const main =
    user !== undefined && readIfThere(user) !== undefined ? user : '/etc/containers/registries.conf';
  return [main, `${main}.d`];
}

function listDropIns(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return names.toSorted().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw new ToolError('host', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
