import { describe, expect, it } from 'vitest';
import { lacking } from './needs.ts';
import { output, run } from './process.ts';

describe('run', () => {
  it('keeps status, standard output and error apart, and gives the input', async () => {
    const outcome = await run(['sh', '-c', 'cat; echo bad >&2; echo "$X$LC_ALL"; exit 3'], {
      input: 'in\n',
      env: { X: 'x' },
    });
    expect(outcome).toEqual({ status: 3, stdout: 'in\nxC\n', stderr: 'bad\n' });
  });

  it('says when a signal ended the program', async () => {
    expect((await run(['sh', '-c', 'kill -TERM $$'])).status).toBe(-1);
  });
});

describe('output', () => {
  it('fails with what the program said', async () => {
    await expect(output(['sh', '-c', 'echo why >&2; exit 1'])).rejects.toThrow(/status 1\nwhy/);
  });
});

describe('lacking', () => {
  it('names the programs that are not there', () => {
    expect(lacking({ programs: ['sh', 'no-such-program'] })).toEqual(['no-such-program']);
  });
});
