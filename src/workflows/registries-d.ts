import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lookaside, parseRegistriesD } from '../core/containers/registries-d.ts';
import { systemCodeOf, ToolError } from '../core/errors.ts';
import { readTextFile } from '../system/files.ts';

const largest = 1024 * 1024;

/** Reads the user's registries.d where there is one, else the system's (containers-registries.d(5)). */
export async function readRegistriesD(env: Readonly<Record<string, string | undefined>>): Promise<Lookaside> {
  const folders = [
    ...(env['HOME'] ? [join(env['HOME'], '.config/containers/registries.d')] : []),
    '/etc/containers/registries.d',
  ];
  for (const folder of folders) {
    const names = await namesIn(folder);
    if (names === undefined) continue;
    const paths = names
      .filter((name) => name.endsWith('.yaml'))
      .toSorted()
      .map((name) => join(folder, name));
    return parseRegistriesD(
      await Promise.all(paths.map(async (name) => ({ name, text: await readTextFile(name, largest) }))),
    );
  }
  return parseRegistriesD([]);
}

async function namesIn(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT' || systemCodeOf(cause) === 'ENOTDIR') return undefined;
    throw new ToolError('host', `${folder} cannot be read`, { cause });
  }
}
