import { formatBytes } from '../../core/quantity.ts';
import { createBundle } from '../../workflows/bundle-create.ts';
import type { bundleCreate } from '../command-table/bundle.ts';
import { createReporter } from '../reporters.ts';
import type { Run } from '../run.ts';

export const run: Run<typeof bundleCreate.flags> = async (values, terminal) => {
  const { emit, finish } = createReporter(terminal);
  const options = { ...terminal, ...values, forPassport: values.for, version: __VERSION__, emit };
  const { path, blobs, bytes } = await createBundle(options).finally(finish);
  emit({ type: 'step', text: `Packed ${blobs} blobs, ${formatBytes(bytes)}` });
  terminal.out(`${path}\n`);
  return 0;
};
