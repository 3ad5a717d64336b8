import { readShown } from '../../workflows/show-site.ts';
import type { show } from '../command-table/show.ts';
import type { Run } from '../run.ts';
import { formatShow } from '../show-output.ts';

export const run: Run<typeof show.flags, typeof show.args> = async (values, terminal) => {
  const { cluster: clusters, node: nodes, output, brief } = values;
  const places = await readShown({ ...values, clusters, nodes }, terminal.readInput);
  terminal.out(formatShow(places, { output, brief, bold: terminal.outColor }));
  return 0;
};
