import { ToolError } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { isPartitionLabel, partitionLabelRule } from '../core/partition-label.ts';
import { editSite } from '../core/site/edit-site.ts';
import { largestDocument } from '../core/site/yaml-stream.ts';
import { readTextFile } from '../system/files.ts';

export interface SiteRequest {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly label: string;
}

export interface SiteContext {
  readonly readInput: () => Promise<string>;
  readonly emit: Emit;
}

/**
 * Writes the boot hooks into the SiteConfigs and ClusterInstances of a file and returns the whole text of the result.
 * The file itself stays. Throws `usage` for a label, `not-found`, or a DocumentError with every mistake.
 */
export async function writeSiteHooks(request: SiteRequest, context: SiteContext): Promise<string> {
  const { file, label } = request;
  if (!isPartitionLabel(label)) {
    throw new ToolError('usage', `--label ${JSON.stringify(label)}: ${partitionLabelRule}`);
  }
  const source =
    file === '-'
      ? { name: '<stdin>', text: await context.readInput() }
      : { name: file, text: await readTextFile(file, largestDocument) };
  const { text, places } = editSite(source, label);
  for (const { stage, name, fields } of places) {
    const what = fields.length === 0 ? 'up to date' : `${fields.join(' and ')} written`;
    context.emit({ type: 'step', text: `${stage === 'discovery' ? 'cluster' : 'node'} ${name}: ${what}` });
  }
  return text;
}
