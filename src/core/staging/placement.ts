import type { Format } from './formats.ts';
import type { Group } from './passport.ts';

/** Where an image lies on the partition: as a `dir:` image out of the pool, in the ready container storage, or both. */
export interface Placement {
  readonly pooled: boolean;
  readonly stored: boolean;
}

/**
 * Where an image of the pool and storage formats belongs. In the storage format what the installation stage needs is
 * stored, and the pool keeps what the discovery stage loads, what no container storage takes, and all with `keepBlobs`.
 */
export function placementOf(
  { groups, loadable }: { readonly groups: readonly Group[]; readonly loadable: boolean },
  { format, keepBlobs }: { readonly format: Format; readonly keepBlobs: boolean },
): Placement {
  const stored = format === 'storage' && loadable && groups.includes('ocp');
  return { stored, pooled: !stored || keepBlobs || groups.includes('ai') };
}
