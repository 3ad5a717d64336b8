import * as v from 'valibot';
import type { Stage } from '../ignition/boot-hooks.ts';
import { groupOfStage } from '../lint/loaders.ts';
import type { Passport } from '../staging/passport.ts';

/** What became of a service: `success`, or how it failed in systemd's words. */
export interface ServiceResult {
  readonly name: string;
  readonly result: 'success' | 'exit-code' | 'timeout' | 'condition' | 'dependency';
  /** Of the command that failed. */
  readonly status: number;
  readonly seconds: number;
}

/** What a rehearsed stage came to. */
export interface StageReport {
  readonly stage: Stage;
  readonly services: readonly ServiceResult[];
  /** References that the stage needs, and how many of them the storage has under exactly that name. */
  readonly images: number;
  readonly present: number;
  readonly missing: readonly { readonly reference: string; readonly reason: string }[];
  /** Until the boot goes on: what to expect of this machine at the site. */
  readonly seconds: number;
  /** Of the loaded blobs, compressed; undefined where the script does not tell. */
  readonly bytes: number | undefined;
  /** What the images take in the container storage. */
  readonly storageBytes: number;
  /** Whether the node's own registry answered, so that every image was pulled out of it by its name. */
  readonly registry: boolean;
  /** Where the partition was still mounted at the end, except for that registry. */
  readonly leftMounted: readonly string[];
  /** Network interfaces that there were, `lo` being down; and how often somebody looked for a way out. */
  readonly interfaces: readonly string[];
  readonly networkAttempts: number;
  /** The last lines that were printed, where something failed. */
  readonly log: readonly string[];
  readonly passed: boolean;
}

/** What a run left, `rehearse-stage.sh` by file name. */
export type StageFacts = ReadonlyMap<string, string>;

const podmanImages = v.array(v.object({ Names: v.nullish(v.array(v.string())) }));

/** Of the report of the boot script what is needed here; it may have more. */
const bootReport = v.object({
  reason: v.optional(v.string(), ''),
  bytes: v.optional(v.number()),
  failed: v.optional(v.array(v.object({ reference: v.string(), reason: v.string() })), []),
});

/** Lines of the log that a report keeps. */
const logLines = 20;

/** Judges what a stage left against what the passport promises for it. */
export function judgeStage(
  stage: Stage,
  passport: Passport,
  facts: StageFacts,
  log: readonly string[],
): StageReport {
  const needed = neededReferences(stage, passport);
  const names = storedNames(facts);
  const told = readBootReport(facts.get(`report-${groupOfStage(stage)}.json`));
  const reasons = new Map(told?.failed.map(({ reference, reason }) => [reference, reason]));
  const registry = facts.has('serving');
  for (const line of lines(facts.get('not-pulled'))) {
    const [reference = ''] = line.split(' ', 1);
    names.delete(reference);
    reasons.set(reference, `the node's registry does not give it: ${line.slice(reference.length + 1)}`);
  }
  const missing = needed
    .filter((reference) => !names.has(reference))
    .map((reference) => ({
      reference,
      reason: reasons.get(reference) || told?.reason || 'it is not in the storage under this name',
    }));
  const services = lines(facts.get('services')).map(serviceResult);
  const leftMounted = lines(facts.get('mounted'));
  const interfaces = lines(facts.get('interfaces'));
  const networkAttempts = sum(lines(facts.get('attempts')).map(Number));
  const passed =
    missing.length === 0 &&
    // What is served is not loaded.
    services.every(({ result }) => result === 'success' || (registry && result === 'condition')) &&
    leftMounted.length === 0 &&
    networkAttempts === 0 &&
    interfaces.every((name) => name === 'lo');
  return {
    stage,
    services,
    images: needed.length,
    present: needed.length - missing.length,
    missing,
    seconds: sum(services.map(({ seconds }) => seconds)),
    bytes: told?.bytes,
    storageBytes: Number(facts.get('storage-bytes') ?? 0),
    registry,
    leftMounted,
    interfaces,
    networkAttempts,
    log: passed ? [] : log.slice(-logLines),
    passed,
  };
}

/** What the lists of a group name: every image of it that something can load, each reference once. */
export function neededReferences(stage: Stage, { images }: Passport): readonly string[] {
  const group = groupOfStage(stage);
  return [
    ...new Set(
      images
        .filter(({ groups, unloadable }) => groups.includes(group) && unloadable === undefined)
        .map(({ reference }) => reference),
    ),
  ];
}

function storedNames(facts: StageFacts): Set<string> {
  const images = v.safeParse(podmanImages, parsed(facts.get('images.json')));
  return new Set(images.success ? images.output.flatMap(({ Names }) => Names ?? []) : []);
}

function readBootReport(text: string | undefined): v.InferOutput<typeof bootReport> | undefined {
  const report = v.safeParse(bootReport, parsed(text));
  return report.success ? report.output : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const results = ['success', 'exit-code', 'timeout', 'condition', 'dependency'] as const;

function serviceResult(line: string): ServiceResult {
  const [name = '', result = '', status = '', seconds = ''] = line.split(' ');
  const known = results.find((each) => each === result);
  if (known === undefined) throw new Error(`no result of a service: ${line}`);
  return { name, result: known, status: Number(status), seconds: Number(seconds) };
}

function lines(text: string | undefined): string[] {
  return (text ?? '').split('\n').filter((line) => line !== '');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
