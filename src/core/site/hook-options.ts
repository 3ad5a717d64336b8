import type { HookFormat } from '../ignition/boot-hooks.ts';
import { isPartitionLabel, partitionLabelRule } from '../partition-label.ts';

/** What a person chooses of the hooks, as it was typed. */
export interface HookOptions {
  readonly label: string;
  readonly format: HookFormat;
  readonly reclaim: boolean;
  /** Seconds. */
  readonly deadline: number | undefined;
  /** See `HookVariant`. */
  readonly nodeRegistry: string | undefined;
  readonly discoveryRegistry: boolean;
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
export function hookOptionFaults(options: HookOptions): HookOptionFault[] {
  const { label, format, reclaim, deadline, nodeRegistry, discoveryRegistry } = options;
  const faults: HookOptionFault[] = [];
  if (!isPartitionLabel(label)) {
    faults.push({ option: 'label', value: ` ${JSON.stringify(label)}`, message: partitionLabelRule });
  }
  if (reclaim && format !== 'storage') {
    faults.push({ option: 'reclaim', value: '', message: 'it goes with the format storage only' });
  }
  if (nodeRegistry !== undefined) faults.push(...registryFaults(nodeRegistry, options));
  if (discoveryRegistry && nodeRegistry === undefined) {
    const message = "it is the node's registry that serves in the discovery, too";
    const hint = 'name its executable: --node-registry';
    faults.push({ option: 'discoveryRegistry', value: '', message, hint });
  }
  if (deadline !== undefined && (deadline < shortestDeadline || deadline > longestDeadline)) {
    faults.push({ option: 'deadline', value: '', message: 'from 10 seconds to 24 hours' });
  }
  return faults;
}

function registryFaults(sha256: string, { format, reclaim }: HookOptions): HookOptionFault[] {
  const option = 'nodeRegistry';
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    const message = 'it is no SHA-256, which is 64 digits in lower-case hex';
    return [{ option, value: ` ${JSON.stringify(sha256)}`, message }];
  }
  if (format === 'archive') {
    return [{ option, value: '', message: 'the format archive has no pool that could be served' }];
  }
  const message = 'it serves the pool, which reclaim removes';
  return reclaim ? [{ option, value: '', message, hint: 'leave one of the two out' }] : [];
}
