import { expect, it } from 'vitest';
import { parseReference } from '../oci/reference.ts';
import { type IdentityRule, identityMatches } from './signed-identity.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const tagged = 'quay.io/ns/app:1';
const pinned = `quay.io/ns/app@${digest}`;
const mirror = { type: 'remapIdentity', prefix: 'mirror.lab:5000/q', signedPrefix: 'quay.io' } as const;

it.each<[IdentityRule, string, string, boolean]>([
  [{ type: 'matchExact' }, tagged, tagged, true],
  [{ type: 'matchExact' }, 'quay.io/ns/app', tagged, false],
  [{ type: 'matchExact' }, tagged, pinned, false],
  [{ type: 'matchExact' }, pinned, pinned, true],
  [{ type: 'matchRepoDigestOrExact' }, tagged, tagged, true],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/ns/app:2', tagged, false],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/ns/app:2', pinned, true],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/ns/app', pinned, false],
  [{ type: 'matchRepoDigestOrExact' }, 'quay.io/ns/other:1', pinned, false],
  [{ type: 'matchRepository' }, 'quay.io/ns/app', tagged, true],
  [{ type: 'matchRepository' }, 'quay.io/ns/app:9', tagged, true],
  [{ type: 'matchRepository' }, 'quay.io/ns/app-2', tagged, false],
  [{ type: 'matchRepository' }, 'ns/app', tagged, false],
  [{ type: 'matchRepository' }, '', tagged, false],
  [{ type: 'exactReference', name: 'quay.io/x/y:3' }, 'quay.io/x/y:3', tagged, true],
  [{ type: 'exactReference', name: 'quay.io/x/y:3' }, tagged, tagged, false],
  [{ type: 'exactRepository', name: 'quay.io/x/y' }, 'quay.io/x/y', tagged, true],
  [{ type: 'exactRepository', name: 'quay.io/x/y' }, 'quay.io/x/y:7', tagged, true],
  [{ type: 'exactRepository', name: 'quay.io/x/y' }, 'quay.io/x', tagged, false],
  [mirror, tagged, 'mirror.lab:5000/q/ns/app:1', true],
  [mirror, tagged, 'mirror.lab:5000/qq/ns/app:1', false],
  [mirror, 'quay.io/ns/app:2', 'mirror.lab:5000/q/ns/app:1', false],
  [mirror, tagged, tagged, true],
  [{ ...mirror, signedPrefix: 'docker.io' }, 'docker.io/app:1', 'mirror.lab:5000/q/app:1', true],
])('%j: %s for %s is %s', (rule, signed, asked, matches) => {
  expect(identityMatches(rule, signed, parseReference(asked))).toBe(matches);
});
