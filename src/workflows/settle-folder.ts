import { messageOf } from '../core/errors.ts';
import type { Emit } from '../core/events.ts';
import { quiesce } from '../system/mount.ts';

/** Brings a partition to the state an unmount leaves, as the site's mount without recovery needs it. */
export async function settleFolder(folder: string, emit: Emit): Promise<void> {
  await quiesce(folder).catch((error: unknown) => {
    const hint = 'unmount the partition before the server is switched off';
    emit({ type: 'warning', text: `the file system could not be settled: ${messageOf(error)}`, hint });
  });
}
