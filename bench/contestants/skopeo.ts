import { availableParallelism } from 'node:os';
import { type Contestant, type Family, referenceLines, type Task } from './contestant.ts';
import directoryScript from './skopeo-dir.sh?raw';
import layoutScript from './skopeo-oci.sh?raw';

/** `skopeo copy` to OCI layouts over one folder of blobs, as many at a time as each of `widths` says. */
export function skopeoToLayouts(task: Task, widths: readonly number[]): Family {
  const name = 'skopeo copy to oci:, shared blobs';
  const variant = (width: number): Contestant => ({
    name: `${name}, ${width} at a time`,
    command: perImage(layoutScript, task, width),
    // Its OCI layouts take OCI manifests only.
    converts: true,
  });
  return { name, variants: widths.map(variant) };
}

/** `skopeo copy` to `dir:`, one at a time for each core. Nothing is shared. */
export function skopeoToDirectories(task: Task): Contestant {
  const width = availableParallelism();
  return {
    name: `skopeo copy to dir:, ${width} at a time`,
    command: perImage(directoryScript, task, width),
    converts: false,
  };
}

/** The command of a script that takes a folder, a width, and references on its standard input. */
export function perImage(script: string, task: Task, width: number): Contestant['command'] {
  return (folder) => ({
    argv: ['bash', '-c', script, 'bash', folder, String(width)],
    input: referenceLines(task),
  });
}
