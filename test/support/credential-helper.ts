import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** What a made `docker-credential-<name>` does when it is asked. */
export type HelperBehaviour =
  | { readonly answer: { readonly Username: string; readonly Secret: string } }
  | { readonly prints: string; readonly status: number }
  | 'hangs';

/** Writes the program into a folder, and gives a PATH on which it is found. It notes each request in `<name>.asked`. */
export async function makeCredentialHelper(
  folder: string,
  name: string,
  behaviour: HelperBehaviour,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const asked = join(folder, `${name}.asked`);
  const reply =
    behaviour === 'hangs'
      ? 'sleep 600'
      : 'answer' in behaviour
        ? `printf %s '${JSON.stringify(behaviour.answer)}'`
        : `printf %s '${behaviour.prints}'; exit ${behaviour.status}`;
  const script = `#!/bin/sh\nprintf '%s ' "$1" >> '${asked}'; cat >> '${asked}'; echo >> '${asked}'\n${reply}\n`;
  await writeFile(join(folder, `docker-credential-${name}`), script, { mode: 0o755 });
  return `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
}
