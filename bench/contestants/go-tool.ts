import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { output } from '../../test/support/process.ts';
import type { Contestant, Task } from './contestant.ts';
import script from './go-tool.sh?raw';
import { perImage } from './skopeo.ts';

/** What the Go tool does: `skopeo copy --all` to a folder and `tar czf` of it, one at a time for each core. */
export function goToolPipeline(task: Task): Contestant {
  return {
    name: "the Go tool's pipeline (skopeo + tar czf an image)",
    command: perImage(script, task, availableParallelism()),
    converts: false,
    unpack: async (folder) => {
      for (const name of await readdir(folder)) {
        const archive = join(folder, name);
        await output(['tar', '-xzf', archive, '-C', folder]);
        await rm(archive);
      }
    },
  };
}
