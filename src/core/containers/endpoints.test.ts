import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from '../oci/reference.ts';
import { endpointsOf } from './endpoints.ts';
import { parseRegistriesConf } from './registries-conf.ts';

const { rules } = parseRegistriesConf(
  `
unqualified-search-registries = ["quay.io"]
[[registry]]
prefix = "quay.io/release"
location = "mirror.lab:5000/ocp"
insecure = true
[[registry]]
location = "quay.io"
[[registry.mirror]]
location = "cache.lab/quay/"
[[registry.mirror]]
location = "digests.lab"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.lab"
pull-from-mirror = "tag-only"
insecure = true
[[registry]]
prefix = "*.blocked.io"
blocked = true
[[registry]]
prefix = "*.wild.io"
location = "wild.lab"
[[registry]]
prefix = "*.b.wild.io"
location = "deeper.lab"
[[registry]]
prefix = "x.wild.io"
location = "exact.lab"
[[registry]]
prefix = "*.as.is"
insecure = true
[[registry.mirror]]
location = "m.lab/as-is"
[[registry]]
location = "only.io"
mirror-by-digest-only = true
mirror = [{ location = "m.io" }]
[[registry]]
prefix = "pin.io/a:1"
location = "pinned.lab/x:2"
[[registry]]
prefix = "pin.io/b:1"
location = "pinned.lab/untagged"
[[registry]]
location = "port.io:5000"
insecure = true
[[registry]]
location = "bad.io"
mirror = [{ location = "UPPER.lab/Case" }]
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
    ['quay.io/release:1', ['mirror.lab:5000/ocp:1 insecure']],
    [
      'quay.io/release2/x:1',
      ['cache.lab/quay/release2/x:1', 'tags.lab/release2/x:1 insecure', 'quay.io/release2/x:1'],
    ],
    [`quay.io/a@${digest}`, [`cache.lab/quay/a@${digest}`, `digests.lab/a@${digest}`, `quay.io/a@${digest}`]],
    ['quay.io:444/a:1', ['quay.io:444/a:1']],
    ['a.wild.io/x/y:1', ['wild.lab/x/y:1']],
    ['a.wild.io:444/x/y:1', ['wild.lab:444/x/y:1']],
    ['wild.io/x:1', ['wild.io/x:1']],
    ['a.b.wild.io/x:1', ['deeper.lab/x:1']],
    ['x.wild.io/x:1', ['exact.lab/x:1']],
    ['a.as.is/x:1', ['m.lab/as-is/x:1', 'a.as.is/x:1 insecure']],
    ['only.io/a:1', ['only.io/a:1']],
    [`only.io/a@${digest}`, [`m.io/a@${digest}`, `only.io/a@${digest}`]],
    ['pin.io/a:1', ['pinned.lab/x:2']],
    [`pin.io/a:1@${digest}`, [`pinned.lab/x:2@${digest}`]],
    ['pin.io/a:12', ['pin.io/a:12']],
    ['port.io:5000/a:1', ['port.io:5000/a:1 insecure']],
    ['port.io/a:1', ['port.io/a:1']],
  ])('%s is asked for at %j', (text, expected) => {
    expect(ask(text)).toEqual(expected);
  });

  it.each([
    ['a.blocked.io/x:1', 'registries.conf blocks *.blocked.io'],
    ['pin.io/b:1', 'makes "pinned.lab/untagged": it lacks a tag'],
    ['bad.io/x:1', 'makes "UPPER.lab/Case/x:1": it is no image reference'],
  ])('refuses %s', (text, reason) => {
    expect(() => ask(text)).toThrow(reason);
  });

  it('says which rule named a place', () => {
    const [mirror] = endpointsOf(parseReference('quay.io/a:1'), rules);
    expect(mirror).toMatchObject({ mirror: true, rule: { prefix: 'quay.io', place: 'registries.conf:7' } });
  });
});
