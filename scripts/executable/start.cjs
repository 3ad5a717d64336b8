// What Node.js starts in the executable: the program, with its code compiled ahead where the executable has that.
const { getAssetKeys, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const asset = (name) => Buffer.from(getRawAsset(name));
const program = new Script(asset('program').latin1Slice(), {
  filename: 'factory-precaching-cli',
  cachedData: getAssetKeys().includes('code-cache') ? asset('code-cache') : undefined,
});
program.runInThisContext()(require);
