import { run } from '../test/support/process.ts';
import { median } from './measure.ts';

const rounds = 10;

/** Seconds until a program has answered: the median of ten runs. Throws where it fails. */
export async function startUpTime(program: string, args: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    const { status, stderr } = await run([program, ...args]);
    times.push((performance.now() - begun) / 1000);
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}\n${stderr}`);
  }
  return median(times);
}
