import { Command as Commander } from 'commander';
import { expect, it } from 'vitest';
import type { Command } from './flags.ts';
import { addCommands } from './parser.ts';

const text = { summary: 's', description: 'd', examples: [] };
const loud = { kind: 'boolean', description: 'x' } as const;
const reference = { value: 'reference', description: 'an image' };
const table = [
  {
    ...text,
    name: 'registry ping',
    flags: { loud },
    args: { refs: { ...reference, required: true, variadic: true } },
  },
  {
    ...text,
    name: 'registry serve',
    flags: {},
    args: {
      from: { ...reference, required: true },
      to: { ...reference },
      rest: { ...reference, variadic: true },
    },
  },
  { ...text, name: 'plain', flags: {} },
] as const satisfies readonly Command[];

async function parse(...args: string[]): Promise<{ ran: unknown; said: string; error: unknown }> {
  let ran: unknown;
  let said = '';
  const write = (piece: string): void => {
    said += piece;
  };
  const program = new Commander('tool')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: write, writeErr: write });
  addCommands(program, table, { registry: 'asks registries' }, async ({ name }, values) => {
    ran = [name, values];
  });
  const error: unknown = await program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { ran, said, error };
}

it.each([
  [
    ['registry', 'ping', 'a.io/a', '--loud', 'b.io/b'],
    ['registry ping', { loud: true, refs: ['a.io/a', 'b.io/b'] }],
  ],
  [
    ['registry', 'serve', 'a'],
    ['registry serve', { from: 'a', to: undefined, rest: [] }],
  ],
  [
    ['registry', 'serve', 'a', 'b', '--', '-c', 'd'],
    ['registry serve', { from: 'a', to: 'b', rest: ['-c', 'd'] }],
  ],
  [['plain'], ['plain', {}]],
])('reads %j', async (args, expected) => {
  const { ran, error, said } = await parse(...args);
  expect(error, said).toBeUndefined();
  expect(ran).toEqual(expected);
});

it.each([
  [['registry'], 'Usage: tool registry'],
  [['registry', 'pong'], 'Did you mean ping?'],
  [['registry', 'ping'], "missing required argument 'reference'"],
  [['plain', 'extra'], 'too many arguments'],
])('refuses %j', async (args, message) => {
  const { ran, error, said } = await parse(...args);
  expect(error).toMatchObject({ exitCode: 1 });
  expect(said).toContain(message);
  expect(ran).toBeUndefined();
});

it('explains a group and the commands in it', async () => {
  expect((await parse('--help')).said).toMatch(/registry +asks registries/);
  const { said } = await parse('registry', '--help');
  expect(said).toMatch(/ping \[options\] <reference\.\.\.>/);
  expect((await parse('registry', 'ping', '--help')).said).toContain('reference   an image');
});
