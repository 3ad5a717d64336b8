import { type Contestant, type Family, referenceLines, type Task } from './contestant.ts';
import script from './regctl.sh?raw';

/** `regctl image copy` to OCI layouts, in as many processes as each of `widths` says. */
export function regctl(task: Task, widths: readonly number[]): Family {
  const name = 'regctl image copy to ocidir:';
  const { path, version } = task.tools.regctl;
  if (path === undefined) return { name, variants: [], absent: version };
  const variant = (width: number): Contestant => ({
    name: `${name}, ${width} at a time`,
    command: (folder) => ({
      argv: ['bash', '-c', script, 'bash', path, folder, String(width), task.host],
      input: referenceLines(task),
    }),
    converts: false,
  });
  return { name, variants: widths.map(variant) };
}
