import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from './exec.ts';

const program = '/usr/bin/systemd-analyze';

/**
 * What systemd says of units as they are written, in its own words; undefined where `systemd-analyze` is not installed.
 * The folder is made for it.
 */
export async function verifyUnits(
  folder: string,
  units: readonly { readonly name: string; readonly text: string }[],
): Promise<readonly string[] | undefined> {
  const installed = await access(program).then(
    () => true,
    () => false,
  );
  if (!installed) return undefined;
  await mkdir(folder, { recursive: true });
  for (const { name, text } of units) await writeFile(join(folder, name), text);
  const paths = units.map(({ name }) => join(folder, name));
  const { stderr, stdout } = await exec([program, 'verify', '--man=no', ...paths], { accept: [1] });
  return (stdout + stderr).split('\n').filter((line) => line !== '');
}
