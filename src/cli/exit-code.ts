import type { ErrorCode } from '../core/errors.ts';

/** The only mapping from what went wrong to an exit status; listed in the README. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  failed: 1,
  usage: 2,
  'invalid-document': 3,
  unauthorized: 4,
  network: 5,
  integrity: 6,
  'not-found': 7,
  host: 8,
  partial: 9,
  interrupted: 130,
};

/** All of them, for people. */
export const exitStatusText = `0 ok, ${Object.entries(exitCodes)
  .map(([code, status]) => `${status} ${code}`)
  .join(', ')}.`;
