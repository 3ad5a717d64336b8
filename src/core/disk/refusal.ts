import { ToolError } from '../errors.ts';
import { describeDisk } from './describe.ts';
import type { DiskIdentity } from './facts.ts';

/** One reason to leave a disk as it is: what there is, with its numbers, and what the user can do. */
export interface Refusal {
  /** Stable, names the rule. */
  readonly id: string;
  readonly message: string;
  readonly remedy: string;
}

/** A disk was examined and left as it is; carries every reason there was. */
export class DiskRefused extends ToolError {
  readonly disk: DiskIdentity;
  readonly refusals: readonly Refusal[];

  constructor(disk: DiskIdentity, refusals: readonly Refusal[]) {
    const count = refusals.length === 1 ? 'one reason' : `${refusals.length} reasons`;
    const list = refusals.map((refusal) => `\n  - ${refusal.message}`).join('');
    const remedies = [...new Set(refusals.map((refusal) => refusal.remedy))];
    super('host', `${describeDisk(disk)}\n  nothing was changed, for ${count}:${list}`, {
      hint: remedies.join('\n        '),
    });
    this.name = 'DiskRefused';
    this.disk = disk;
    this.refusals = refusals;
  }
}
