/** "Linux filesystem data", the type of the finished partition (UEFI specification, GPT partition types). */
export const linuxFilesystem = '0fc63daf-8483-4772-8e79-3d69d8477de4';

/**
 * The type a partition has from its creation until its file system is whole and on the medium. It is this tool's own,
 * so that a partition an interrupted run left is known for what it is: nothing was ever stored in it.
 */
export const unfinishedPartition = 'd4a5a4ce-1380-4590-b64b-53d13d83d670';

/** The text form of 16 bytes in GPT order: the first three groups are little-endian. Lower case. */
export function guidText(bytes: Uint8Array): string {
  const hex = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) =>
    (bytes[at] ?? 0).toString(16).padStart(2, '0'),
  );
  return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
    .map((group) => group.join(''))
    .join('-');
}
