import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTemporaryFolder } from '../../test/support/temporary-folder.ts';
import { exec } from './exec.ts';

describe('exec', () => {
  it('gives what a program said', async () => {
    const answer = await exec(['sh', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes', accept: [3] });
    expect(answer).toMatchObject({ status: 3, stdout: 'yes', stderr: 'no\n' });
  });

  it('names the program and what it said last', async () => {
    await expect(exec(['sh', '-c', 'echo first; echo why >&2; exit 4'])).rejects.toMatchObject({
      code: 'host',
      message: expect.stringMatching(/exit status 4: why$/) as string,
    });
    await expect(exec(['no-such-program'])).rejects.toThrow('no-such-program is not installed');
  });

  it('repeats nothing that may be a secret', async () => {
    await expect(exec(['cat', '/nowhere'], { secret: true })).rejects.toThrow(/: exit status 1$/);
  });

  it('kills what does not end, with all it started', () =>
    withTemporaryFolder(async (folder) => {
      const pidFile = join(folder, 'pid');
      const script = `sleep 600 & echo $! > ${pidFile}; wait`;
      const options = { timeout: 300, detached: true };
      await expect(exec(['sh', '-c', script], options)).rejects.toThrow('sh: no end after 0.3 s');
      const pid = Number(await readFile(pidFile, 'utf8'));
      await expect.poll(() => isRunning(pid)).toBe(false);
    }));

  it('does not wait for what a program that ended left behind', async () => {
    const options = { timeout: 300, detached: true };
    await expect(exec(['sh', '-c', 'sleep 600 &'], options)).rejects.toThrow('no end after 0.3 s');
  });
});

/** A killed process that nobody has waited for yet does not run any more. */
async function isRunning(pid: number): Promise<boolean> {
  return await readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/^\d+ \(.*\) Z/.test(stat),
    () => false,
  );
}
