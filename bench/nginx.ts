import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, run } from '../test/support/process.ts';

/** An nginx that serves the files of a folder, with sendfile, as Debian configures it. */
export interface Nginx {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  readonly stop: () => Promise<void>;
}

/** Starts one on a port of 127.0.0.1; what it writes goes to `work`. */
export async function startNginx(work: string, root: string, port = 22_781): Promise<Nginx> {
  const configuration = join(work, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    configuration,
    `user root; daemon off; master_process off; pid ${work}/nginx.pid; error_log ${work}/nginx.log;
events { worker_connections 1024; }
http {
  sendfile on; tcp_nopush on; access_log off; default_type application/octet-stream;
  ${paths.map((path) => `${path}_temp_path ${work}/nginx-${path};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`,
  );
  const argv = ['--pdeathsig', 'TERM', 'nginx', '-c', configuration];
  const child = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await output([
    'curl',
    '-s',
    '-o',
    '/dev/null',
    '--retry',
    '50',
    '--retry-connrefused',
    '--retry-delay',
    '0',
    url,
  ]);
  const { stderr } = await run(['nginx', '-v']);
  return {
    url,
    pid: child.pid ?? 0,
    version: stderr.trim().replace('nginx version: ', '').replace('/', ' '),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
