import type { Digest } from '../oci/digest.ts';

/** How content can fail what the passport promises, the least bad first. */
export const damages = ['missing', 'truncated', 'corrupt'] as const;
export type Damage = (typeof damages)[number];

/** One broken promise. */
export interface Finding {
  readonly damage: Damage;
  /** Below the staging folder. */
  readonly path: string;
  readonly reason: string;
  /** The content it is about, where it is one of the pool. */
  readonly digest?: Digest;
}

/** What findings amount to: the worst of them. */
export function stateOf(findings: readonly Finding[]): 'ok' | Damage {
  return damages.findLast((damage) => findings.some((finding) => finding.damage === damage)) ?? 'ok';
}
