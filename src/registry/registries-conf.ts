import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRegistriesConf, type RegistryRule } from '../core/containers/registries-conf.ts';
import { messageOf, systemCodeOf, ToolError } from '../core/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What all registries.conf files of this machine say together. */
export interface Registries {
  readonly rules: readonly RegistryRule[];
  /** Where credentials are looked for, in order; `containers-auth.json` stands for the auth files. */
  readonly credentialHelpers: {
    readonly names: readonly string[];
    /** The file that names them; undefined where none does. */
    readonly file: string | undefined;
  };
  readonly warnings: readonly string[];
}

/**
 * Reads them in the order of containers-registries.conf.d(5): the file that `CONTAINERS_REGISTRIES_CONF` names, else
 * the user's, else the system's; then the system's drop-ins and the user's, by name. With the user's file the
 * system's drop-ins do not count. What a later file says of a prefix replaces what was said before. The file `without`
 * is passed over.
 */
export function readRegistriesConf(env: Environment, without?: string): Registries {
  const rules = new Map<string, RegistryRule>();
  const warnings: string[] = [];
  let credentialHelpers: Registries['credentialHelpers'] = {
    names: ['containers-auth.json'],
    file: undefined,
  };
  for (const path of configuredFiles(env)) {
    if (path === without) continue;
    const text = readIfThere(path);
    if (text === undefined) continue;
    const conf = parseRegistriesConf(text, path);
    for (const rule of conf.rules) rules.set(rule.prefix, rule);
    warnings.push(...conf.warnings);
    const names = conf.credentialHelpers ?? [];
    if (names.length > 0) credentialHelpers = { names, file: path };
  }
  return { rules: [...rules.values()], credentialHelpers, warnings };
}

function configuredFiles(env: Environment): string[] {
  const system = '/etc/containers/registries.conf';
  const user = env['HOME'] ? join(env['HOME'], '.config/containers/registries.conf') : undefined;
  const userDropIns = user === undefined ? [] : listDropIns(`${user}.d`);
  const named = env['CONTAINERS_REGISTRIES_CONF'] || env['REGISTRIES_CONFIG_PATH'];
  if (named && readIfThere(named) === undefined) {
    throw new ToolError('host', `the registries file ${named} is not there`, {
      hint: 'it was named with CONTAINERS_REGISTRIES_CONF or REGISTRIES_CONFIG_PATH',
    });
  }
  if (!named && user !== undefined && readIfThere(user) !== undefined) return [user, ...userDropIns];
  return [named || system, ...listDropIns(`${system}.d`), ...userDropIns];
}

function listDropIns(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return names.toSorted().map((name) => join(folder, name));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return [];
    throw new ToolError('host', `${folder} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCodeOf(cause) ?? '')) return undefined;
    throw new ToolError('host', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
