import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** The single-file executable that runs; of a checkout, the one that `npm run package` made for an architecture of OCI. */
export function ownExecutable(architecture: string): string {
  if (isSea()) return process.execPath;
  return fileURLToPath(new URL(`./factory-precaching-cli-linux-${architecture}`, import.meta.url));
}
