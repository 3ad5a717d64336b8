import { expect, it } from 'vitest';
import { parseRegistriesConf } from './registries-conf.ts';

it('reads what says where images come from, and leaves the rest', () => {
  const text = `
unqualified-search-registries = ["quay.io"]
short-name-mode = "enforcing"
credential-helpers = ["containers-auth.json", "secretservice"]
[[registry]]
location = "a.io/"
[aliases]
x = "quay.io/x"
`;
  expect(parseRegistriesConf(text, 'r.conf')).toEqual({
    credentialHelpers: ['containers-auth.json', 'secretservice'],
    warnings: [],
    rules: [
      {
        prefix: 'a.io',
        location: 'a.io',
        insecure: false,
        blocked: false,
        mirrors: [],
        mirrorByDigestOnly: false,
        place: 'r.conf:5',
      },
    ],
  });
});

it.each([
  ['[[registry]\n', 'r.conf:1:', 'not valid TOML'],
  ['x = 1\n[registries.search]\nregistries = []\n', 'r.conf:2:1: ', 'old version 1'],
  ['\n[[registry]]\ninsecure = true\n', 'r.conf:2:1: ', 'neither prefix nor location'],
  ['[[registry]]\nlocation = "a"\n  location = 3\n', 'r.conf:3:', 'not valid TOML'],
  ['[[registry]]\nprefix="a.io"\n  location = 3\n', 'r.conf:3:3: location', 'Expected string'],
  [
    '[[registry]]\nlocation = "a.io"\n\n[[registry]]\nprefix = "a.io"\n',
    'r.conf:4:1: ',
    'already, at r.conf:1',
  ],
  ['[[registry]]\nlocation = "https://a.io"\n', 'r.conf:2:1: ', 'is an address'],
  ['[[registry]]\nprefix = "*.a.io/x"\n', 'r.conf:2:1: ', 'wildcard in a wrong place'],
  ['[[registry]]\nprefix = "a.*.io"\n', 'r.conf:2:1: ', 'wildcard in a wrong place'],
  [
    '[[registry]]\nlocation = "a"\npull-from-mirror = "all"\n',
    'r.conf:3:1: ',
    'belongs to a [[registry.mirror]]',
  ],
  [
    '[[registry]]\nlocation = "a"\n[[registry.mirror]]\ninsecure = true\n',
    'r.conf:3:1: location',
    'Expected',
  ],
  [
    '[[registry]]\nlocation = "a"\n[[registry]]\nlocation = "b"\n[[registry.mirror]]\nlocation = ""\n',
    'r.conf:6:1: ',
    'the mirror has no location',
  ],
  [
    '[[registry]]\nlocation="a"\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation="m"\npull-from-mirror="all"\n',
    'r.conf:6:1: ',
    'says this already',
  ],
  [
    '[[registry]]\nlocation="a"\nmirror=[{location="m", pull-from-mirror="x"}]\n',
    'r.conf:1:1: pull-from-mirror',
    'Expected',
  ],
])('refuses %j', (text, place, reason) => {
  const read = () => parseRegistriesConf(text, 'r.conf');
  expect(read).toThrow(place);
  expect(read).toThrow(reason);
});

it('tells of keys nobody knows', () => {
  const text =
    'insecur = 1\n[[registry]]\nlocation = "a"\nmirrors = []\n[[registry.mirror]]\nlocation = "m"\nx = 1\n';
  expect(parseRegistriesConf(text, 'r.conf').warnings).toEqual([
    'r.conf:1:1: the key "insecur" is unknown and passed over',
    'r.conf:4:1: the key "mirrors" is unknown and passed over',
    'r.conf:7:1: the key "x" is unknown and passed over',
  ]);
});
