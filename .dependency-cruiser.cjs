// The shape of the code as rules: main → cli → workflows → { registry, pool, system } → core.
const up = (from, to) => ({
  name: `${from}-must-not-import-${to.replaceAll('|', '-')}`,
  severity: 'error',
  comment: 'Imports point down only.',
  from: { path: `^src/${from}/` },
  to: { path: `^src/(${to})` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    up('core', 'main|cli|workflows|registry|pool|system'),
    up('registry', 'main|cli|workflows|pool|system'),
    up('pool', 'main|cli|workflows|registry|system'),
    up('system', 'main|cli|workflows|registry|pool'),
    up('workflows', 'main|cli'),
    up('cli', 'main|registry|pool|system'),
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'core takes bytes and values and returns values: no I/O, clock, environment or process.',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?(crypto|zlib|buffer|net|path/posix|util)$',
      },
    },
    {
      name: 'core-libraries',
      severity: 'error',
      comment: 'core may use parsers, nothing that does I/O.',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/(yaml|valibot|smol-toml|semver|re2js)/',
      },
    },
    {
      name: 'only-registry-speaks-http',
      severity: 'error',
      comment: 'Beside it there is one server, which only answers.',
      from: { path: '^src/', pathNot: '^src/(registry/|system/(http-server|send-body)(\\.test)?\\.ts$)' },
      to: { path: 'node_modules/undici/|^(node:)?https?$' },
    },
    {
      name: 'only-system-starts-programs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/system/' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'command-table-is-data',
      severity: 'error',
      comment: 'Every start reads it: it must not wait for a library, or for a module of Node.js.',
      from: { path: '^src/cli/command-table\\.ts$' },
      to: { reachable: true, path: '^[^.]+$|^node_modules/' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|bench|demo)/|\\.test\\.ts$' },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
