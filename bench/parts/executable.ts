import { stat } from 'node:fs/promises';
import { executable as single } from '../../test/support/needs.ts';
import { toolPath } from '../../test/support/process.ts';
import { barTable, table } from '../markdown.ts';
import { startUpTime } from '../start-up.ts';
import type { Bench } from './part.ts';

const mebibyte = 1024 ** 2;
const calls = [
  ['--help'],
  ['download', '--help'],
  ['siteconfig', '-c', 'test/fixtures/site/siteconfig-seed.yaml'],
];

/** The single-file executable beside the program that Node.js runs from its modules. */
export async function executable({ small, tell }: Bench): Promise<string> {
  const programs = [
    ['the executable', single],
    ['bin/factory-precaching-cli, by Node.js', toolPath],
  ] as const;
  const rows: string[][] = [];
  for (const [name, program] of programs) {
    tell(`executable: ${name}`);
    const times: number[] = [];
    for (const call of calls) times.push(await startUpTime(program, call));
    rows.push([name, ...times.map((time) => time.toFixed(3))]);
  }
  const sizes = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) => ({
      what: `MiB of the executable for ${architecture}`,
      value: (await stat(`dist/factory-precaching-cli-linux-${architecture}`)).size / mebibyte,
      most: 110,
    })),
  );
  const help = {
    what: 'seconds until the executable has answered --help',
    value: Number(rows[0]?.[1]),
    most: 0.2,
  };
  return [
    table(['seconds until answered', '--help', 'download --help', 'siteconfig, one site'], rows),
    barTable([help, ...sizes], !small),
  ].join('\n');
}
