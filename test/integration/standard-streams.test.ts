import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { run, toolPath } from '../support/process.ts';

const fixture = fileURLToPath(new URL('../fixtures/site/siteconfig-sno.yaml', import.meta.url));
let input = '';
let edited = '';
beforeAll(async () => {
  input = await readFile(fixture, 'utf8');
  edited = (await run([toolPath, 'siteconfig', '-c', fixture])).stdout;
});

/** Makes a stream non-blocking for the program that it becomes: another program that has the same pipe may do so. */
const nonBlocking = `
  use Fcntl;
  open my $stream, (shift) eq 'in' ? '<&=0' : '>&=1';
  fcntl($stream, F_SETFL, fcntl($stream, F_GETFL, 0) | O_NONBLOCK) or die $!;
  exec @ARGV or die $!;`;

/** Runs a line of bash. In it are `$tool`, `$fixture`, and `with in|out ARG…` for the tool with a non-blocking stream. */
function shell(line: string, text = '') {
  const script = `set -euo pipefail; with() { perl -e "$nonBlocking" -- "$1" "$tool" "\${@:2}"; }; ${line}`;
  return run(['bash', '-c', script], { input: text, env: { tool: toolPath, nonBlocking, fixture } });
}

describe('standard input', () => {
  it('is waited for where somebody has made it non-blocking', async () => {
    const { stdout, stderr, status } = await shell(
      '{ head -c 700 "$fixture"; sleep 1; tail -c +701 "$fixture"; } | with in siteconfig -c -',
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: edited });
  });

  it('must be UTF-8: other characters would come out as others', async () => {
    const { status, stdout, stderr } = await shell(
      String.raw`printf 'a: caf\351\n' | "$tool" siteconfig -c -`,
    );
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('<stdin>:1:7: error: not UTF-8');
  });

  it('is not a folder', async () => {
    const { status, stderr } = await shell('"$tool" siteconfig -c - < /');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: cannot read standard input: EISDIR.*\n$/);
  });
});

describe('standard output', () => {
  /** More than a pipe holds. */
  const many = () => `${input.replace(/\n*$/, '\n')}---\n`.repeat(20);

  it('is waited for where somebody has made it non-blocking', async () => {
    const expected = await run([toolPath, 'siteconfig', '-c', '-'], { input: many() });
    expect(expected.stdout.length).toBeGreaterThan(500_000);
    const { status, stdout } = await shell('with out siteconfig -c - | { sleep 1; cat; }', many());
    expect(status).toBe(0);
    expect(stdout).toBe(expected.stdout);
  });

  it('may lose its reader, which is no defect', async () => {
    const { stdout, stderr } = await shell('"$tool" siteconfig -c - | head -c 10', many());
    expect(stdout).toHaveLength(10);
    expect(stderr).not.toMatch(/EPIPE|defect/);
  });

  it('says so where it cannot be written', async () => {
    const { status, stderr } = await shell('"$tool" siteconfig -c "$fixture" > /dev/full');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: cannot write standard output: ENOSPC.*\n$/);
  });

  it('has an exit status even without standard error', async () => {
    const { status } = await shell('"$tool" siteconfig -c /nowhere 2> /dev/full');
    expect(status).toBe(7);
  });
});
