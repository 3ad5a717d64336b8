import { availableParallelism, cpus, release as kernelRelease, loadavg, totalmem } from 'node:os';
import { formatBytes } from '../src/core/quantity.ts';
import { run } from '../test/support/process.ts';
import type { Tools } from './tools.ts';

/** What the figures are measured on and with, and what else the machine does just now, as Markdown. */
export async function describeMachine(tools: Tools): Promise<string> {
  const cpu = cpus()[0]?.model ?? 'unknown processor';
  const versions = [
    `crane ${tools.crane.version}`,
    `regctl ${tools.regctl.version}`,
    await firstLine(['skopeo', '--version']),
    await firstLine(['curl', '--version']),
    await firstLine(['sha256sum', '--version']),
    await firstLine(['jq', '--version']),
    await firstLine(['openssl', 'version']),
    await firstLine(['docker-registry', '--version']),
  ];
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpu}, ${availableParallelism()} cores, ${formatBytes(totalmem())} of memory`;
  const load = `load average at the start ${(loadavg()[0] ?? 0).toFixed(1)}`;
  return `${date}; ${machine}; ${load}; Linux ${kernelRelease()}; Node.js ${process.version}; ${versions.join('; ')}.\n`;
}

/** What a program says about its version, without what it was built with; a program that is not there says so. */
async function firstLine(argv: readonly [string, ...string[]]): Promise<string> {
  const outcome = await run(argv).catch(() => undefined);
  return outcome?.stdout.split(/\n| \((?!GNU)/)[0]?.trim() || `${argv[0]} not there`;
}
