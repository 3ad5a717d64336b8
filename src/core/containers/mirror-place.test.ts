import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRepository, parseReference } from '../oci/reference.ts';
import { mirrorName } from './mirror-place.ts';

it.each([
  ['quay.io', 'quay.io'],
  ['quay.io/openshift-release-dev/ocp-release', 'quay.io/openshift-release-dev/ocp-release'],
  ['Registry.Lab:5000/ocp', 'registry.lab_5000/ocp'],
  ['localhost', 'localhost'],
  ['[::1]:5000/a', 'ipv6_z-1_5000/a'],
  ['[0:0::1]', 'ipv6_z-1'],
  ['[fe80::]', 'ipv6_fe80-z'],
  ['[::]:80', 'ipv6_z_80'],
  ['[2001:db8:1:2:3:4:5:6]', 'ipv6_2001-db8-1-2-3-4-5-6'],
])('%s is mirrored as %s', (place, name) => {
  expect(mirrorName(place)).toBe(name);
});

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?$/);
const host = fc
  .tuple(
    fc.oneof(
      fc.array(label, { minLength: 2, maxLength: 3 }).map((labels) => labels.join('.')),
      fc.constantFrom('ipv6', 'ipv6-z'),
      fc.ipV6().map((address) => new URL(`http://[${address}]`).hostname),
    ),
    fc.option(fc.integer({ min: 1, max: 65_535 })),
  )
  .map(([name, port]) => (port === null ? name : `${name}:${port}`));

it('is legal as a repository name, and no two hosts share one', () => {
  fc.assert(
    fc.property(host, host, (a, b) => {
      expect(isRepository(`${mirrorName(a)}/x`)).toBe(true);
      expect(parseReference(`127.0.0.1:1/${mirrorName(a)}/x:1`).repository).toBe(`${mirrorName(a)}/x`);
      expect(mirrorName(a) === mirrorName(b)).toBe(a === b);
    }),
    { seed: 7 },
  );
});
