import type { HookFormat } from '../ignition/boot-hooks.ts';
import { isPartitionLabel, partitionLabelRule } from '../partition-label.ts';

/** What a person chooses of the hooks, as it was typed. */
export interface HookOptions {
  readonly label: string;
  readonly format: HookFormat;
  readonly reclaim: boolean;
  /** Seconds. */
  readonly deadline: number | undefined;
}

/** An option that no hooks can be made with; `value` follows its name in a message, where it helps. */
export interface HookOptionFault {
  readonly option: keyof HookOptions;
  readonly value: string;
  readonly message: string;
  readonly hint?: string;
}

const shortestDeadline = 10;
const longestDeadline = 86_400;

/** What is wrong with the options; the same on the command line and in a functionConfig. */
export function hookOptionFaults({ label, format, reclaim, deadline }: HookOptions): HookOptionFault[] {
  const faults: HookOptionFault[] = [];
  if (!isPartitionLabel(label)) {
    faults.push({ option: 'label', value: ` ${JSON.stringify(label)}`, message: partitionLabelRule });
  }
  if (reclaim && format !== 'storage') {
    faults.push({ option: 'reclaim', value: '', message: 'it goes with the format storage only' });
  }
  if (deadline !== undefined && (deadline < shortestDeadline || deadline > longestDeadline)) {
    faults.push({ option: 'deadline', value: '', message: 'from 10 seconds to 24 hours' });
  }
  return faults;
}
