// What Node.js starts in the executable: the program for the command line, with its code compiled ahead where the executable
// has that.
const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const names = getAssetKeys();
const asset = (name) => Buffer.from(getRawAsset(name));
const [, , first, second] = process.argv;
const words = [`${first} ${second}`, first, ''].find((each) => names.includes(`program ${each}`));
const program = new Script(asset(`program ${words}`).latin1Slice(), {
  filename: 'factory-precaching-cli',
  cachedData: names.includes(`code ${words}`) ? asset(`code ${words}`) : undefined,
});
program.runInThisContext()(require);
