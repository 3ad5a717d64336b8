import fc from 'fast-check';

/** Writes what comes behind the colon of a field, to the end of its last line; `indent` is further in than its key. */
export type FieldWriter = (indent: string) => string;

/** How people write JSON into YAML. */
const styles: readonly ((json: string, indent: string) => string)[] = [
  (json, indent) => ` |\n${indent}${lines(json, indent)}\n`,
  (json, indent) => ` |- # why\n${indent}${lines(json, indent)}\n\n`,
  (json, indent) => ` |+\n\n${indent}${lines(json, indent)}\n\n`,
  (json, indent) => ` &anchor |\n${indent}   ${lines(json, `${indent}   `)}\n`,
  (json, indent) => ` >\n${indent}${lines(json, indent)}\n`,
  (json, indent) => ` >-\n${indent}${lines(json, indent)}\n${indent}\n`,
  (json) => ` '${apostrophes(json).replaceAll('\n', ' ')}'\n`,
  (json, indent) => `\n${indent}'${lines(apostrophes(json), indent)}'   # end\n${indent}    # deep\n`,
  (json) => ` ${JSON.stringify(json)} # json\n`,
  (json) => ` !!str ${JSON.stringify(json)}\n`,
  (json, indent) => ` # why\n${indent}${JSON.stringify(json)}\n`,
  (json, indent) => ` ${JSON.stringify(json).replaceAll(',', `,\\\n${indent}`)}\n`,
];
const nothing: readonly FieldWriter[] = [
  '\n',
  ' # none\n',
  ' ~\n',
  " ''\n",
  ' "" # none\n',
  ' |\n',
  ' &anchor\n',
].map((text) => () => text);

/** A field that is there, with this value or with none. */
function field(value: fc.Arbitrary<unknown>): fc.Arbitrary<FieldWriter> {
  const written = fc.tuple(value, fc.constantFrom(...styles), fc.constantFrom(undefined, 2, 1, '\t')).map(
    ([value, style, space]): FieldWriter =>
      (indent) =>
        style(JSON.stringify(value, undefined, space), indent),
  );
  return fc.oneof({ weight: 5, arbitrary: written }, fc.constantFrom(...nothing));
}

/** `ignitionConfigOverride`: of the user's own, of earlier generations, of both. */
export function overrideFields(): fc.Arbitrary<FieldWriter> {
  const config = fc.record(
    {
      ignition: fc.record({ version: fc.constantFrom('3.1.0', '3.2.0') }),
      systemd: fc.record({ units: fc.subarray(units) }, { requiredKeys: [] }),
      storage: fc.record({ disks: fc.constant([]), files: fc.subarray(files) }, { requiredKeys: [] }),
    },
    { requiredKeys: ['ignition'] },
  );
  return field(config);
}

/** `installerArgs`. */
export function argsFields(): fc.Arbitrary<FieldWriter> {
  return field(
    fc.subarray(['-n', '--append-karg', 'a=b', '--save-partlabel', 'own', '--save-partlabel', 'data']),
  );
}

const units = [
  {
    name: 'own.service',
    enabled: true,
    contents: '[Unit]\nDescription=it\'s # own: "x"\n[Install]\nWantedBy=a.target',
  },
  { name: 'é.mount', contents: '[Mount]\n', dropins: [{ name: 'a.conf', contents: '' }] },
  { name: 'var-mnt.mount', enabled: true, contents: '[Unit]\nBindsTo=precache-images.service\n' },
  { name: 'precache-ocp-images.service', contents: 'old' },
];
const files = [
  { path: '/etc/own', mode: 420, contents: { source: "data:,it's%20own" } },
  { path: '/usr/local/bin/extract-ai.sh', mode: 755 },
  { path: '/usr/local/bin/agent-fix-bz1964591', mode: 755 },
];

function lines(json: string, indent: string): string {
  return json.replaceAll('\n', `\n${indent}`);
}

function apostrophes(json: string): string {
  return json.replaceAll("'", "''");
}
