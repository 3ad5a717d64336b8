import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts';
import { linkReleaseSet } from '../test/support/fill-registry.ts';
import { runTool } from '../test/support/process.ts';
import { benchShape, writeReleaseSet } from '../test/support/release-set.ts';
import { makeTemporaryFolder } from '../test/support/temporary-folder.ts';
import { compete } from './compete.ts';
import { contestantsFor } from './contestants.ts';
import { median } from './measure.ts';
import { report } from './report.ts';

const usage = `Usage: npm run bench -- [--small] [--runs N] [--peer-runs N] [--folder DIR]
  --small        a set of a few MB: shows that the bench works, its ratios mean nothing
  --runs N       runs of download; the median counts (3)
  --peer-runs N  runs of each other contestant (1)
  --folder DIR   where to work; needs 12 GB, on a disk (/var/tmp)
`;

const { values: flags } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    'peer-runs': { type: 'string', default: '1' },
    folder: { type: 'string', default: '/var/tmp' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function main(): Promise<void> {
  const temporary = await makeTemporaryFolder(flags.folder);
  process.once('exit', () => rmSync(temporary.path, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  let registry: DockerRegistry | undefined;
  try {
    registry = await startDockerRegistry(temporary.path);
    tell('generating the release');
    const shape = { host: registry.host, ...(flags.small ? {} : benchShape) };
    const set = await writeReleaseSet(join(temporary.path, 'set'), shape);
    await linkReleaseSet(registry, set);
    const track = { set, registry, work: temporary.path, tell };
    const [ours, pipeline, skopeo] = contestantsFor(set);
    const results = [
      await compete(ours, Number(flags.runs), track),
      await compete(pipeline, Number(flags['peer-runs']), track),
      await compete(skopeo, Number(flags['peer-runs']), track),
    ] as const;
    process.stdout.write(await report(set, results, await startUpTime(), !flags.small));
  } finally {
    await registry?.stop();
  }
}

/** Seconds until `--help` has been answered: the median of ten. */
async function startUpTime(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 10; i++) {
    const begun = performance.now();
    const { status, stderr } = await runTool(['--help']);
    times.push((performance.now() - begun) / 1000);
    if (status !== 0) throw new Error(`--help: status ${status}\n${stderr}`);
  }
  return median(times);
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

if (flags.help) process.stdout.write(usage);
else await main();
