import { describeNodeMirrors } from '../../workflows/node-mirrors.ts';
import type { registryMirrors } from '../command-table/registry-mirrors.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof registryMirrors.flags> = async (values, { env, out }) => {
  out(await describeNodeMirrors({ ...values, env }));
  return 0;
};
