import { renderDiagnostic } from '../core/diagnostics/source-text.ts';
import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import type { Stage } from '../core/ignition/boot-hooks.ts';
import type { OverrideView } from '../core/lint/site-view.ts';
import { hexOf } from '../core/oci/digest.ts';
import { isPartitionLabel, partitionLabelRule } from '../core/partition-label.ts';
import { siteHooks } from '../core/rehearsal/site-hooks.ts';
import { defaultOverride, type StageHooks, stageHooks } from '../core/rehearsal/stage-hooks.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import type { Passport } from '../core/staging/passport.ts';
import { readTextFile } from '../system/files.ts';
import type { MountedPartition } from '../system/partition-at.ts';
import { imageSetsIn } from './lint-site.ts';

/** Whose hooks are rehearsed. */
export interface HooksRequest {
  /** SiteConfig or ClusterInstance; without it, what `siteconfig` would write is rehearsed. */
  readonly site: string | undefined;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
  readonly emit: Emit;
}

/** What is rehearsed, in the order of the boot. */
export interface RehearsedHooks {
  readonly stages: readonly StageHooks[];
  /** Null where nobody named a document. */
  readonly site: { readonly file: string; readonly cluster: string; readonly node: string } | null;
}

/**
 * Reads the hooks of both stages. Warnings about the document are emitted. Throws a DocumentError with everything that
 * is wrong with it, or does not fit the partition; `usage`; `host` for a label that no unit can name.
 */
export async function readHooks(
  passport: Passport,
  partition: MountedPartition | null,
  { site, cluster, node, emit }: HooksRequest,
): Promise<RehearsedHooks> {
  const label = partition?.label ?? passport.disk?.label ?? 'data';
  if (!isPartitionLabel(label)) {
    const message = `the partition has the label ${JSON.stringify(label)}: ${partitionLabelRule}`;
    throw new ToolError('host', message);
  }
  if (site === undefined) {
    if (cluster !== undefined || node !== undefined) {
      throw new ToolError('usage', '--cluster and --node choose from the document that --site names');
    }
    const sum = passport.executable && hexOf(passport.executable.digest);
    const override = (stage: Stage) => defaultOverride(stage, label, passport.format, sum);
    return { stages: bothStages(override('discovery'), override('installation')), site: null };
  }
  const source = { name: site, text: await readTextFile(site, largestDocument) };
  const imageSets = new Map(await imageSetsIn(site));
  // The partition says what its label is now; the passport, what it was.
  const staged = { passport: { ...passport, disk: partition ?? passport.disk }, imageSets };
  const chosen = siteHooks(source, { cluster, node }, staged);
  for (const warning of chosen.warnings) emit({ type: 'step', text: renderDiagnostic(source, warning) });
  return {
    stages: bothStages(chosen.discovery, chosen.installation),
    site: { file: site, cluster: chosen.cluster, node: chosen.node },
  };
}

function bothStages(discovery: OverrideView, installation: OverrideView): readonly StageHooks[] {
  return [stageHooks('discovery', discovery), stageHooks('installation', installation)];
}
