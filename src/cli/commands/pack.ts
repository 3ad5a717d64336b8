import type { ToolError } from '../../core/errors.ts';
import { packFolder } from '../../workflows/pack-site.ts';
import type { pack } from '../command-table/unpack.ts';
import { exitCodes } from '../exit-code.ts';
import { createReporter, reportError } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof pack.flags, typeof pack.args> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const refuse = (error: ToolError): void => void reportError(error, terminal);
  const request = { ...values, version: __VERSION__ };
  const { changed, refused } = await packFolder(request, { ...terminal, emit, refuse }).finally(finish);
  if (refused > 0) return exitCodes['invalid-document'];
  return values.check && changed ? exitCodes.failed : 0;
};
