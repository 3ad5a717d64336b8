import { type Digest, digestOf, hexOf } from '../oci/digest.ts';

/** Where the executable of the node's own registry lies, below the staging folder, and beside it its SHA-256. */
export const executablePath = 'bin/factory-precaching-cli';
export const executableSumPath = `${executablePath}.sha256`;

/** The bytes at the beginning of a file that `executableArchitecture` wants. */
export const executableHead = 20;

const machines: Readonly<Record<number, string>> = { 62: 'amd64', 183: 'arm64' };

/**
 * The architecture, in the words of OCI, that the first bytes of a file name; undefined where it is no executable of
 * 64-bit Linux (System V ABI, chapter 4, "ELF Header": `EI_CLASS`, `EI_DATA`, `e_machine`).
 */
export function executableArchitecture(head: Uint8Array): string | undefined {
  const view = Buffer.from(head);
  const isElf = view.length >= executableHead && view.readUInt32BE(0) === 0x7f_45_4c_46;
  return isElf && view[4] === 2 && view[5] === 1 ? machines[view.readUInt16LE(18)] : undefined;
}

/** The file with the sum, as `sha256sum --check` reads it where the executable lies. */
export function executableSum(digest: Digest): string {
  return `${hexOf(digest)}  ${executablePath.replace(/^.*\//, '')}\n`;
}

/** Both files with what they have to be. */
export function executableFiles(executable: { readonly digest: Digest; readonly size: number } | undefined) {
  if (executable === undefined) return [];
  const sum = Buffer.from(executableSum(executable.digest));
  return [
    { path: executablePath, ...executable },
    { path: executableSumPath, digest: digestOf(sum), size: sum.length },
  ];
}
