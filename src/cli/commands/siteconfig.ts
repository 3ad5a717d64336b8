import { ToolError } from '../../core/errors.ts';
import type { siteconfig } from '../command-table.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof siteconfig.flags> = async () => {
  throw new ToolError('failed', 'not there yet');
};
