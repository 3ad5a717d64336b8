import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificates } from './certificates.ts';

/** A server of openssl on 127.0.0.1 that wants a client certificate of the same CA, and says so with an alert. */
export async function startMutualTls({
  keyFile,
  certificateFile,
  trustFolder,
}: Certificates): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const identity = ['-key', keyFile, '-cert', certificateFile, '-CAfile', join(trustFolder, 'ca.crt')];
  const wanted = ['-Verify', '1', '-verify_return_error', '-www', '-tls1_2'];
  const argv = ['s_server', '-accept', '127.0.0.1:0', ...identity, ...wanted];
  const server = spawn('openssl', argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = async (): Promise<void> => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /^ACCEPT (.+)$/.exec(line)?.[1];
    if (address !== undefined) return { url: `https://${address}`, stop };
  }
  throw new Error('openssl s_server does not listen');
}
