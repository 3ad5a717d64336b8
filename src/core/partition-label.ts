/**
 * A partition label that every reader takes literally: GPT (36 UTF-16 units), coreos-installer (a glob, with commas
 * between several), the hub (no item of installerArgs may begin with a dash but the flags it knows), and udev, which
 * makes a file name of it below /dev/disk/by-partlabel.
 */
const pattern = /^(?!\.{1,2}$)[A-Za-z0-9._][A-Za-z0-9._-]{0,35}$/;

/** Whether a text can be the label of the partition with the staged images. */
export function isPartitionLabel(text: string): boolean {
  return pattern.test(text);
}

/** The rule in words, for the message that refuses a label. */
export const partitionLabelRule =
  'a label is 1 to 36 of the characters A-Z a-z 0-9 . _ -, not beginning with a dash, and not . or ..';
