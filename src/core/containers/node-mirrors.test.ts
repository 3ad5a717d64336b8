import { expect, it } from 'vitest';
import { endpointsOf } from './endpoints.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import { nodeMirrors } from './node-mirrors.ts';
import { parseRegistriesConf, type RegistryRule } from './registries-conf.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const node = '127.0.0.1:22700';

/** What is asked for a reference, in order, before and with the drop-in for its repository. */
function asked(conf: string, name: string): { before: string[]; now: string[] } {
  const before = parseRegistriesConf(conf, 'registries.conf').rules;
  const { registry, repository } = parseReference(name);
  const added = parseRegistriesConf(
    nodeMirrors(node, [`${registry}/${repository}`], before),
    'drop-in',
  ).rules;
  const rules = new Map([...before, ...added].map((rule) => [rule.prefix, rule]));
  return { before: places(name, before), now: places(name, [...rules.values()]) };
}

function places(name: string, rules: readonly RegistryRule[]): string[] {
  return endpointsOf(parseReference(name), rules).map(
    ({ reference, insecure }) => `${formatReference(reference)}${insecure ? ' insecure' : ''}`,
  );
}

const hub = (prefix: string, more = '') => `
[[registry]]
prefix = "${prefix}"
location = "${prefix}"
${more}
[[registry.mirror]]
location = "hub.lab:5000/ocp"
insecure = true
[[registry.mirror]]
location = "other.lab/ocp"
`;

it.each([
  ['no table', ''],
  ['a table of the repository', hub('quay.io/a/b')],
  ['a table of its registry', hub('quay.io')],
  ['a table of a name above it', hub('quay.io/a')],
  ['mirrors for digests alone', hub('quay.io/a/b', 'mirror-by-digest-only = true')],
  ['an insecure registry', hub('quay.io', 'insecure = true')],
  ['another location', '[[registry]]\nprefix = "quay.io/a"\nlocation = "elsewhere.io/x"\n'],
  ['a wildcard', '[[registry]]\nprefix = "*.io"\n[[registry.mirror]]\nlocation = "hub.lab"\n'],
  [
    'mirrors for tags alone',
    '[[registry]]\nlocation = "quay.io"\n[[registry.mirror]]\nlocation = "t.lab"\npull-from-mirror = "tag-only"\n',
  ],
])('asks the node first, then all as before: %s', (_what, conf) => {
  for (const name of [
    `quay.io/a/b@${digest}`,
    'quay.io/a/b:1',
    `quay.io/a/b/c@${digest}`,
    'quay.io/a/b/c:1',
  ]) {
    const { before, now } = asked(conf, name);
    expect(now).toEqual([`127.0.0.1:22700/${name} insecure`, ...before]);
  }
});

it('leaves what is blocked blocked, behind its mirrors', () => {
  const { rules } = parseRegistriesConf(hub('quay.io', 'blocked = true'), 'r');
  const text = nodeMirrors(node, ['quay.io/a'], rules);
  expect(parseRegistriesConf(text, 'd').rules).toMatchObject([
    { prefix: 'quay.io/a', blocked: true, mirrors: [{ location: `${node}/quay.io/a` }, {}, {}] },
  ]);
});
