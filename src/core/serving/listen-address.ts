import { isIP } from 'node:net';
import { ToolError } from '../errors.ts';

/** Where a server listens. Port 0 takes a free one. */
export interface ListenAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `127.0.0.1:22700`, `[::1]:22700`, `:22700` (every address). Throws `usage`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain = '', port = ''] = match ?? [];
  const host = bracketed ?? (plain === '' ? '0.0.0.0' : plain);
  if (match === null || Number(port) > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    throw new ToolError('usage', `--listen ${text} is no address with a port`, {
      hint: 'write it as 127.0.0.1:22700',
    });
  }
  return { host, port: Number(port) };
}

/** Whether only programs of this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** An address as a URL has it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
