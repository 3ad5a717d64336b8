import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/support/temporary-folder.ts';
import { readRegistriesConf } from './registries-conf.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await makeTemporaryFolder();
});
afterEach(() => folder.remove());

const table = (prefix: string, location: string) =>
  `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;

async function put(path: string, text: string): Promise<string> {
  const file = join(folder.path, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const read = (env: Record<string, string> = {}) => readRegistriesConf({ HOME: folder.path, ...env });
/** What is said of the hosts of these tests, whatever this machine itself says of others. */
const locations = (env?: Record<string, string>) =>
  Object.fromEntries(
    read(env)
      .rules.filter(({ prefix }) => prefix.endsWith('.test'))
      .map(({ prefix, location }) => [prefix, location]),
  );

const user = '.config/containers/registries.conf';

it('reads the drop-ins by name after the file; the later word on a prefix counts', async () => {
  await put(user, table('a.test', 'main') + table('b.test', 'main'));
  await put(`${user}.d/20-late.conf`, table('a.test', 'late'));
  const early = await put(`${user}.d/10-early.conf`, table('a.test', 'early') + table('c.test', 'early'));
  await put(`${user}.d/30-other.txt`, 'not read');
  expect(locations()).toEqual({ 'a.test': 'late', 'b.test': 'main', 'c.test': 'early' });
  expect(read().rules.find(({ prefix }) => prefix === 'c.test')?.place).toBe(`${early}:4`);
});

it('takes the file that the environment names for the main one, and the drop-ins with it', async () => {
  await put(user, table('a.test', 'user'));
  await put(`${user}.d/x.conf`, table('b.test', 'drop-in'));
  const CONTAINERS_REGISTRIES_CONF = await put('named.conf', table('a.test', 'named'));
  expect(locations({ CONTAINERS_REGISTRIES_CONF })).toEqual({ 'a.test': 'named', 'b.test': 'drop-in' });
  expect(() => read({ CONTAINERS_REGISTRIES_CONF: '/nowhere' })).toThrow('/nowhere is not there');
});

it("reads the user's drop-ins where there is no file of the user", async () => {
  await put(`${user}.d/x.conf`, table('b.test', 'drop-in'));
  expect(locations()).toEqual({ 'b.test': 'drop-in' });
});

it('says which file names the credential helpers, and what is not understood', async () => {
  expect(read({ HOME: '/nowhere' }).credentialHelpers.names).toContain('containers-auth.json');
  await put(user, 'credential-helpers = ["one"]\nnonsense = 1\n');
  const file = await put(`${user}.d/x.conf`, 'credential-helpers = ["two"]\n');
  expect(read().credentialHelpers).toEqual({ names: ['two'], file });
  expect(read().warnings).toEqual([expect.stringContaining(`${user}:2:1: the key "nonsense"`)]);
  await put(`${user}.d/y.conf`, 'credential-helpers = []\n');
  expect(read().credentialHelpers).toEqual({ names: ['two'], file });
});
