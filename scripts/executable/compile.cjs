// Compiles the program ahead: `node compile.cjs PROGRAM CODE-CACHE DOCUMENT`. Node.js would compile no function before its
// first call. So a few commands run first, and what they called is in the result, too.
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , program, codeCache, document] = process.argv;
const script = new Script(readFileSync(program, 'latin1'), { filename: 'factory-precaching-cli' });
/** With the exit status of each. */
const commands = [
  { args: ['--help'], status: 0 },
  { args: ['siteconfig', '-c', document], status: 0 },
  { args: ['lint', document], status: 0 },
  // There is nothing to serve: it ends, and has loaded all that it needs.
  { args: ['registry', 'serve', '--root', '/nowhere'], status: 8 },
];
let running;
process.stdout.write = () => true;
process.stderr.write = () => true;
process.on('beforeExit', () => {
  if (running !== undefined && process.exitCode !== running.status)
    throw new Error(`"${running.args.join(' ')}" ended with ${process.exitCode}, not ${running.status}`);
  running = commands.shift();
  if (running === undefined) {
    writeFileSync(codeCache, script.createCachedData());
    process.exitCode = 0;
    return;
  }
  process.argv = [process.execPath, process.execPath, ...running.args];
  script.runInThisContext()(require);
  // Something to do, or Node.js would not tell again that there is nothing more.
  setImmediate(() => undefined);
});
