import { unpackToFolder } from '../../workflows/unpack-site.ts';
import type { unpack } from '../command-table/unpack.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof unpack.flags, typeof unpack.args> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const request = { ...values, clusters: values.cluster, nodes: values.node, version: __VERSION__ };
  await unpackToFolder(request, { ...terminal, emit }).finally(finish);
  return 0;
};
