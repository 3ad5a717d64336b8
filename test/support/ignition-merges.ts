import fc from 'fast-check';

/** Configs without mistakes that can be applied to a plain directory, with few names, so that two of them meet. */
export function writableConfigs(): fc.Arbitrary<unknown> {
  return fc.record({
    ignition: fc.record(
      {
        version: fc.constantFrom('3.1.0', '3.2.0'),
        timeouts: some({ httpTotal: fc.constantFrom(1, 2) }),
        proxy: some({ noProxy: fc.subarray(['a', 'b', 'c']) }),
      },
      { requiredKeys: ['version'] },
    ),
    storage: nodes,
    systemd: some({ units: list(unit, 'name') }),
  });
}

function some(
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[] = [],
): fc.Arbitrary<unknown> {
  return fc.record(fields, { requiredKeys: [...required] });
}

function list(item: fc.Arbitrary<unknown>, key: string): fc.Arbitrary<unknown[]> {
  return fc.uniqueArray(item, {
    maxLength: 4,
    selector: (value) => (value as Readonly<Record<string, unknown>>)[key],
  });
}

const source = fc.constantFrom(
  'data:,',
  'data:,one',
  'data:;base64,dHdv',
  'data:text/plain;charset=utf-8,three%0A',
);
const contents = some({ source, compression: fc.constant('') }, ['source']);
const owner = some({ id: fc.constantFrom(0, 1, 7) });
const path = fc.constantFrom('/a', '/b', '/c', '/d', '/e', '/f/g');
const node = { path, user: owner, group: owner, overwrite: fc.constant(false) };
const mode = fc.constantFrom(420, 493, 384);
const file = some(
  { ...node, mode, contents, append: fc.array(some({ source }, ['source']), { maxLength: 2 }) },
  ['path'],
);
const link = some({ ...node, target: fc.constantFrom('/x', 'y') }, ['path', 'target']);
const directory = some({ ...node, mode }, ['path']);

/** Each path in one list at most. */
const nodes = fc
  .record({ files: list(file, 'path'), links: list(link, 'path'), directories: list(directory, 'path') })
  .map(({ files, links, directories }) => {
    const seen = new Set<unknown>();
    const fresh = (items: readonly unknown[]) =>
      items.filter((item) => {
        const { path } = item as { readonly path: unknown };
        return !seen.has(path) && seen.add(path);
      });
    return { files: fresh(files), links: fresh(links), directories: fresh(directories) };
  });

const text = fc.constantFrom(
  '[Service]\nExecStart=/bin/a\n',
  '[Unit]\nDescription=b\n',
  '[Install]\nWantedBy=multi-user.target\n',
  '',
);
const dropin = some({ name: fc.constantFrom('a.conf', 'b.conf'), contents: text }, ['name']);
const unit = some(
  {
    name: fc.constantFrom('a.service', 'b.service', 'c.mount', 'd.timer'),
    contents: text,
    enabled: fc.boolean(),
    dropins: list(dropin, 'name'),
  },
  ['name'],
);
