import { describe, expect, it, vi } from 'vitest';
import { commands } from './command-table.ts';
import { exitCodes } from './exit-code.ts';
import { longName } from './usage.ts';
import { buildProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

vi.stubGlobal('__VERSION__', '0.0.0');
const ran = vi.hoisted(() => vi.fn<(...args: unknown[]) => Promise<number>>());
vi.mock('./commands.ts', () => ({ runCommand: ran }));

async function run(
  ...args: string[]
): Promise<{ out: string; err: string; values: unknown; error: unknown }> {
  let [out, err] = ['', ''];
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  } as Terminal;
  ran.mockReset().mockResolvedValue(0);
  const error: unknown = await buildProgram(args, terminal, () => undefined)
    .parseAsync(args, { from: 'user' })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return { out, err, values: ran.mock.calls[0]?.[1], error };
}

describe('the command line', () => {
  it('reads flags as pflag does', async () => {
    const { values } = await run('download', '-f/mnt', '--img=a.io/a,a.io/b', '-a', 'a.io/c', '-p4', '-s');
    expect(values).toMatchObject({
      folder: '/mnt',
      img: ['a.io/a', 'a.io/b', 'a.io/c'],
      parallel: 4,
      rmStale: true,
    });
  });

  it('fills in what was not given', async () => {
    const { values } = await run('download', '-f', '/mnt');
    expect(values).toMatchObject({ img: [], aiImg: [], rmStale: false, noMountCheck: false, output: 'text' });
  });

  it('counts sizes in GiB', async () => {
    expect((await run('partition', '-d', '/dev/x', '-s', '2')).values).toMatchObject({ size: 2 * 1024 ** 3 });
    expect((await run('partition', '-d', '/dev/x')).values).toMatchObject({
      size: 100 * 1024 ** 3,
      dryRun: false,
    });
  });

  it.each([
    [['partition', '-d', 'x', '--lable', 'y'], 'Did you mean --label?'],
    [['partitoin'], 'Did you mean partition?'],
    [['partition'], "required option '-d, --device <device>'"],
    [['partition', '-d', 'x', '-s', '0'], 'It must be a size'],
    [['partition', '-d', 'x', '-n', 'one'], 'It must be a whole number'],
    [['download', '-f', 'x', '-o', 'xml'], 'Allowed choices are text, json'],
  ])('refuses %j', async (args, message) => {
    const { err, error } = await run(...args);
    expect(error).toMatchObject({ exitCode: 1 });
    expect(err).toContain(message);
    expect(ran).not.toHaveBeenCalled();
  });

  it('explains each command and each flag, with an example that it accepts', async () => {
    for (const command of commands) {
      const { out } = await run(...command.name.split(' '), '--help');
      for (const [name, flag] of Object.entries(command.flags)) {
        const isHidden = 'hidden' in flag;
        expect(out.includes(`--${longName(name)} `), name).toBe(!isHidden);
        expect(flag.description).not.toBe('');
      }
      for (const example of command.examples) {
        const words =
          /factory-precaching-cli (.*?)(?: [<>|].*)?$/.exec(example)?.[1]?.replaceAll('"', '').split(' ') ??
          [];
        expect((await run(...words)).error, example).toBeUndefined();
      }
    }
  });

  it('has an exit status of its own for each outcome', () => {
    expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
  });
});
