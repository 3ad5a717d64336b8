import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

/** What a group of tests cannot do without. */
export interface Needs {
  readonly root?: boolean;
  readonly programs?: readonly string[];
  readonly files?: readonly string[];
  /** What `npm run package` makes. */
  readonly executable?: true;
}

/** The single-file executable for this machine. */
export const executable = fileURLToPath(new URL('../../dist/factory-precaching-cli', import.meta.url));

/** What of `needs` this machine lacks, for people; empty if nothing. */
export function lacking(needs: Needs): readonly string[] {
  const programs = (needs.programs ?? []).filter((program) => !isInstalled(program));
  return [
    ...(needs.root === true && process.getuid?.() !== 0 ? ['root'] : []),
    ...programs,
    ...(needs.files ?? []).filter((file) => !existsSync(file)),
    ...(needs.executable === true && !existsSync(executable) ? ['npm run package'] : []),
  ];
}

/** `describe` of tests with needs. Where something is lacking they are skipped, and the group's name says what it is. */
export function describeWith(needs: Needs, name: string, tests: () => void): void {
  const lacks = lacking(needs);
  if (lacks.length === 0) describe(name, tests);
  else describe.skip(`${name} (needs ${lacks.join(', ')})`, tests);
}

function isInstalled(program: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
