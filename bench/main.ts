import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type DockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts';
import { makeTemporaryFolder } from '../test/support/temporary-folder.ts';
import { writeIntoPage } from './document.ts';
import { describeMachine } from './machine.ts';
import { boot } from './parts/boot.ts';
import { catalog } from './parts/catalog.ts';
import { cold } from './parts/cold.ts';
import { lint } from './parts/lint.ts';
import { memory } from './parts/memory.ts';
import type { Part } from './parts/part.ts';
import { plan } from './parts/plan.ts';
import { rack } from './parts/rack.ts';
import { ranges } from './parts/ranges.ts';
import { rerun } from './parts/rerun.ts';
import { rtt } from './parts/rtt.ts';
import { serve } from './parts/serve.ts';
import { signature } from './parts/signature.ts';
import { siteconfig } from './parts/siteconfig.ts';
import { storage } from './parts/storage.ts';
import { verify } from './parts/verify.ts';
import { findTools } from './tools.ts';

const parts: Readonly<Record<string, Part>> = {
  cold,
  rtt,
  memory,
  verify,
  rerun,
  ranges,
  signature,
  plan,
  catalog,
  siteconfig,
  lint,
  boot,
  storage,
  serve,
  rack,
};

const usage = `Usage: npm run bench -- [--only PART,...] [--runs N] [--slow-runs N] [--small] [--folder DIR]
  --only PART,...  of ${Object.keys(parts).join(', ')}; without it all of them
  --runs N         runs of each contestant; the median counts (5)
  --slow-runs N    runs of those that take minutes (1)
  --small          sets of a few MB: shows that the bench works. Nothing is judged or written down
  --folder DIR     where to work; needs 12 GB, on a disk (/var/tmp)
Prints what each part measured, and writes it into docs/performance.md.
`;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(parts).join(',') },
    runs: { type: 'string', default: '5' },
    'slow-runs': { type: 'string', default: '1' },
    small: { type: 'boolean', default: false },
    folder: { type: 'string', default: '/var/tmp' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function main(): Promise<void> {
  const chosen = flags.only.split(',').map((name) => [name, partNamed(name)] as const);
  const temporary = await makeTemporaryFolder(flags.folder);
  process.once('exit', () => rmSync(temporary.path, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  let registry: DockerRegistry | undefined;
  try {
    registry = await startDockerRegistry(temporary.path);
    const tools = await findTools();
    const { small } = flags;
    const [runs, slowRuns] = [Number(flags.runs), Number(flags['slow-runs'])];
    for (const [name, part] of chosen) {
      const machine = await describeMachine(tools);
      tell(`${name}: generating what is to be served`);
      const text = await part({ registry, work: temporary.path, tools, runs, slowRuns, small, tell });
      process.stdout.write(`\n## ${name}\n\n${text}\n${machine}\n`);
      if (!small) await writeIntoPage(name, `${text}\n${machine}`);
    }
  } finally {
    await registry?.stop();
  }
}

function partNamed(name: string): Part {
  const part = parts[name];
  if (part === undefined) throw new Error(`there is no part "${name}"\n${usage}`);
  return part;
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

if (flags.help) process.stdout.write(usage);
else await main();
