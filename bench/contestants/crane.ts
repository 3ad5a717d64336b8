import { type Contestant, type Family, referenceLines, type Task } from './contestant.ts';
import script from './crane.sh?raw';

/** `crane pull --format=oci`, in as many processes as each of `widths` says. */
export function crane(task: Task, widths: readonly number[]): Family {
  const name = 'crane pull --format=oci';
  const { path, version } = task.tools.crane;
  if (path === undefined) return { name, variants: [], absent: version };
  const variant = (width: number): Contestant => ({
    name: width === 1 ? `${name}, one call` : `${name}, ${width} calls`,
    command: (folder) => ({
      argv: ['bash', '-c', script, 'bash', path, folder, String(width)],
      input: referenceLines(task),
    }),
    converts: false,
  });
  return { name, variants: widths.map(variant) };
}
