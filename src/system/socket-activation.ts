import { ToolError } from '../core/errors.ts';

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const firstDescriptor = 3;

/**
 * The listening socket that systemd opened for this process; undefined where it did not. Throws `usage` when it passed
 * several.
 */
export function activatedSocket(
  env: Readonly<Record<string, string | undefined>>,
): { fd: number } | undefined {
  const { LISTEN_FDS: count = '0', LISTEN_PID: pid } = env;
  if (pid !== String(process.pid) || count === '0') return undefined;
  if (count === '1') return { fd: firstDescriptor };
  throw new ToolError('usage', `systemd passed ${count} sockets, and one is served`, {
    hint: 'leave one ListenStream= in the socket unit',
  });
}
