// Compiles the program ahead for a command: `node compile.cjs PROGRAM CODE-CACHE STATUS COMMAND...`. Node.js would compile no
// function before its first call. So the command runs first, and what it called is in the result, too.
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , program, codeCache, status, ...command] = process.argv;
const script = new Script(readFileSync(program, 'latin1'), { filename: 'factory-precaching-cli' });
process.once('beforeExit', () => {
  if (process.exitCode !== Number(status))
    throw new Error(`"${command.join(' ')}" ended with ${process.exitCode}, not ${status}`);
  writeFileSync(codeCache, script.createCachedData());
  process.exitCode = 0;
});
process.argv = [process.execPath, process.execPath, ...command];
script.runInThisContext()(require);
