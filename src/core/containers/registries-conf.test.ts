import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from '../oci/reference.ts';
import { endpointsOf, parseRegistriesConf } from './registries-conf.ts';

const rules = parseRegistriesConf(
  `
unqualified-search-registries = ["quay.io"]
[[registry]]
prefix = "quay.io/release"
location = "mirror.lab:5000/ocp"
insecure = true
[[registry]]
location = "quay.io"
[[registry.mirror]]
location = "cache.lab/quay"
[[registry.mirror]]
location = "digests.lab"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.blocked.io"
blocked = true
[[registry]]
prefix = "*.wild.io"
location = "wild.lab"
[[registry]]
location = "only.io"
mirror-by-digest-only = true
mirror = [{ location = "m.io" }]
`,
  'registries.conf',
);
const ask = (text: string) =>
  endpointsOf(parseReference(text), rules).map(
    (at) => `${formatReference(at.reference)}${at.insecure ? ' insecure' : ''}`,
  );
const digest = `sha256:${'a'.repeat(64)}`;

describe('endpointsOf', () => {
  it.each([
    ['other.io/a:1', ['other.io/a:1']],
    ['quay.io/release/x:1', ['mirror.lab:5000/ocp/x:1 insecure']],
    ['quay.io/release2/x:1', ['cache.lab/quay/release2/x:1', 'quay.io/release2/x:1']],
    [`quay.io/a@${digest}`, [`cache.lab/quay/a@${digest}`, `digests.lab/a@${digest}`, `quay.io/a@${digest}`]],
    ['a.wild.io/x/y:1', ['wild.lab/x/y:1']],
    ['only.io/a:1', ['only.io/a:1']],
    [`only.io/a@${digest}`, [`m.io/a@${digest}`, `only.io/a@${digest}`]],
  ])('%s is asked for at %j', (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });

  it('refuses a blocked registry', () => {
    expect(() => ask('a.blocked.io/x:1')).toThrow('registries.conf blocks *.blocked.io');
    expect(ask('blocked.io/x:1')).toEqual(['blocked.io/x:1']);
  });
});

it.each([
  ['[[registry]\n', 'r.conf:1:'],
  ['[registries.search]\nregistries = []\n', 'old version 1'],
  ['[[registry]]\ninsecure = true\n', 'neither prefix nor location'],
  ['[[registry]]\nlocation = 3\n', 'registry.0.location'],
])('refuses %j', (text, reason) => {
  expect(() => parseRegistriesConf(text, 'r.conf')).toThrow(reason);
});
