import { readFileSync } from 'node:fs';
import { officialRepository, verifyReleaseSignature } from '../src/core/release/signature.ts';
import { redHatKeys } from '../src/core/release/trusted-keys.ts';

/** A process of its own: verifies one signature file of 4.15.0 right after its start, then again and again. */
const [path = '', digits = ''] = process.argv.slice(2);
const file = readFileSync(path);
const expected = {
  digest: `sha256:${digits}`,
  repository: officialRepository,
  tags: ['4.15.0-x86_64'],
} as const;

function once(): number {
  const start = performance.now();
  const verdict = verifyReleaseSignature(file, redHatKeys({ beta: false }), new Date(), expected);
  if (!verdict.verified) throw new Error(verdict.reason);
  return performance.now() - start;
}

const first = once();
const more = Array.from({ length: 200 }, once).toSorted((a, b) => a - b);
process.stdout.write(JSON.stringify({ first, warm: more[100] }));
