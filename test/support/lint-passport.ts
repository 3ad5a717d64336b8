import type { Staged } from '../../src/core/lint/staged.ts';
import { parsePassport } from '../../src/core/staging/passport.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const reference = `quay.io/openshift-release-dev/ocp-release@${digest}`;

/** The text of a passport of a partition with the label `data` and the release 4.14.7. */
export const passportText = JSON.stringify({
  schemaVersion: 1,
  tool: { name: 'factory-precaching-cli', version: '0.1.0' },
  created: '2026-01-01T00:00:00Z',
  sources: { platform: 'linux/amd64', images: [], aiImages: [] },
  releases: [{ version: '4.14.7', reference, digest }],
  images: [
    {
      reference,
      artifact: 'ocp-release',
      digest,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      size: 1,
      groups: ['ai'],
      priority: 0,
    },
  ],
  missing: [],
  blobs: [],
  stale: { artifacts: [], blobs: [] },
  artifacts: [],
  signatures: [],
  disk: { partuuid: '0-0', label: 'data' },
});

/** That partition, and a hub that installs by digest and by tag. */
export const staged: Staged = {
  passport: parsePassport(passportText, 'precache.json'),
  imageSets: new Map([
    ['by-digest', reference],
    ['by-tag', 'quay.io/openshift-release-dev/ocp-release:4.14.7-x86_64'],
    ['other', `quay.io/openshift-release-dev/ocp-release@sha256:${'b'.repeat(64)}`],
  ]),
};
