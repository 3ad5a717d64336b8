/**
 * How images lie in the folder: `pool`, hard links into the pool; `archive`, one `<artifact>.tgz` each, for the scripts
 * of the Go tool; `storage`, unpacked in a ready container storage, and in the pool what the discovery stage loads.
 */
export const formats = ['pool', 'archive', 'storage'] as const;
export type Format = (typeof formats)[number];
