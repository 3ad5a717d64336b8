import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The single-file executable that `npm run package` made for this machine; undefined where it was not made. */
export const packagedTool = found(
  fileURLToPath(new URL('../../dist/factory-precaching-cli', import.meta.url)),
);

function found(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
