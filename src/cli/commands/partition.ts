import { ToolError } from '../../core/errors.ts';
import type { partition } from '../command-table.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof partition.flags> = async () => {
  throw new ToolError('failed', 'not there yet');
};
