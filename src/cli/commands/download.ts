import { ToolError } from '../../core/errors.ts';
import type { download } from '../command-table.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof download.flags> = async () => {
  throw new ToolError('failed', 'not there yet');
};
