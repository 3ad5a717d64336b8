import type { ToolError } from '../../core/errors.ts';
import { editSites } from '../../workflows/edit-site.ts';
import type { siteconfig } from '../command-table/siteconfig.ts';
import { exitCodes } from '../exit-code.ts';
import { createReporter, reportError } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof siteconfig.flags, typeof siteconfig.args> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const { cfg, paths, cluster: clusters, node: nodes, ignitionVersion: ignition } = values;
  const named = [...cfg, ...paths];
  const inputs = named.length === 0 ? ['-'] : named;
  let status = 0;
  const refuse = (error: ToolError): void => {
    const reported = reportError(error, terminal);
    status ||= reported;
  };
  const nodeRegistry = await sumOf(values.nodeRegistry);
  const request = { ...values, inputs, clusters, nodes, ignition, nodeRegistry, version: __VERSION__ };
  const { changed } = await editSites(request, { ...terminal, emit, refuse }).finally(finish);
  if (status !== 0) return status;
  return values.check && changed > 0 ? exitCodes.failed : 0;
};

/** What reads executables is loaded for those who name one: most edits are of one document, and over before that. */
async function sumOf(nodeRegistry: string | undefined): Promise<string | undefined> {
  if (nodeRegistry === undefined) return undefined;
  const { registrySum } = await import('../../workflows/node-executable.ts');
  return await registrySum(nodeRegistry);
}
