import { isPartitionLabel, partitionLabelRule } from '../partition-label.ts';

/** How a partition was staged (`download --format`). */
export const hookFormats = ['pool', 'archive', 'storage'] as const;
export type HookFormat = (typeof hookFormats)[number];

/** What a person chooses of the hooks, as it was typed. */
export interface HookOptions {
  readonly label: string;
  readonly format: HookFormat;
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
export function hookOptionFaults({ label, format, deadline }: HookOptions): HookOptionFault[] {
  const faults: HookOptionFault[] = [];
  if (!isPartitionLabel(label)) {
    faults.push({ option: 'label', value: ` ${JSON.stringify(label)}`, message: partitionLabelRule });
  }
  if (format !== 'pool') {
    const message = 'the scripts that siteconfig writes load the pool format only';
    const hint = 'archives are for the scripts of the Go tool, which its own siteconfig writes';
    const fault = { option: 'format', value: ` ${format}`, message } as const;
    faults.push(format === 'archive' ? { ...fault, hint } : fault);
  }
  if (deadline !== undefined && (deadline < shortestDeadline || deadline > longestDeadline)) {
    faults.push({ option: 'deadline', value: '', message: 'from 10 seconds to 24 hours' });
  }
  return faults;
}
