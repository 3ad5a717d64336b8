import type { DiskFacts } from '../../src/core/disk/facts.ts';
import type { GptEntry } from '../../src/core/disk/gpt.ts';
import { linuxFilesystem } from '../../src/core/disk/guid.ts';
import type { GptTable } from '../../src/core/disk/partition-table.ts';
import type { PartitionRequest } from '../../src/core/disk/request.ts';

export const gibibyte = 1024 ** 3;

/** An empty, unused disk of 480 GB, with what a test says otherwise. */
export function diskFacts(facts: Partial<DiskFacts> = {}): DiskFacts {
  return {
    given: '/dev/disk/by-id/nvme-1',
    path: '/dev/nvme0n1',
    name: 'nvme0n1',
    type: 'disk',
    bytes: 480_103_981_056,
    sectorBytes: 512,
    model: 'PM9A3',
    serial: 'S64HNE0R',
    transport: 'nvme',
    readOnly: false,
    table: { kind: 'none' },
    kernelPartitions: [],
    contents: [{ partition: undefined, signatures: [] }],
    uses: [],
    busy: false,
    nonZero: { head: 0, tail: 0 },
    labelsElsewhere: [],
    ...facts,
  };
}

/** A request for 100 GiB labelled "data", with what a test says otherwise. */
export function partitionRequest(request: Partial<PartitionRequest> = {}): PartitionRequest {
  return {
    device: '/dev/disk/by-id/nvme-1',
    bytes: 100 * gibibyte,
    label: 'data',
    number: undefined,
    wipe: false,
    confirm: undefined,
    intoFreeSpace: false,
    mountPoint: undefined,
    ...request,
  };
}

/** An entry of a table, in bytes. */
export function gptEntry(entry: Partial<GptEntry> = {}): GptEntry {
  return {
    number: 1,
    type: linuxFilesystem,
    guid: '11111111-2222-4333-8444-555555555555',
    start: 1024 ** 2,
    bytes: gibibyte,
    label: 'root',
    ...entry,
  };
}

/** A table of a disk of 480 GB that is sound unless faults are named. */
export function gptTable(entries: readonly GptEntry[], faults: readonly string[] = []): GptTable {
  const copy = {
    entries,
    capacity: 128,
    firstUsable: 34 * 512,
    usableEnd: 480_103_981_056 - 33 * 512,
    otherCopy: 937_703_087,
  };
  return { kind: 'gpt', copy, entries, faults };
}
