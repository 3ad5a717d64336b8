// Compiles the program ahead: `node compile.cjs PROGRAM CODE-CACHE DOCUMENT`. Node.js would compile no function before its
// first call. So a few commands run first, and what they called is in the result, too.
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , program, codeCache, document] = process.argv;
const script = new Script(readFileSync(program, 'latin1'), { filename: 'factory-precaching-cli' });
const commands = [
  ['--help'],
  ['siteconfig', '-c', document],
  ['lint', document],
  // There is nothing to serve: it ends, and has loaded all that it needs.
  ['registry', 'serve', '--root', '/nowhere'],
];
process.stdout.write = () => true;
process.stderr.write = () => true;
process.on('beforeExit', () => {
  const args = commands.shift();
  if (args === undefined) return;
  process.argv = [process.execPath, process.execPath, ...args];
  script.runInThisContext()(require);
  // Something to do, or Node.js would not tell again that there is nothing more.
  setImmediate(() => undefined);
});
process.on('exit', () => {
  writeFileSync(codeCache, script.createCachedData());
  process.exitCode = 0;
});
