// Loaded into the tool by NODE_OPTIONS=--require: gives host names the addresses of TEST_HOST_NAMES
// ("name=address name=address"), as a name server would. A name without an address is never answered.
const dns = require('node:dns');

const names = new Map((process.env['TEST_HOST_NAMES'] ?? '').split(' ').map((entry) => entry.split('=')));
const { lookup } = dns;

dns.lookup = (name, options, callback) => {
  const address = names.get(name);
  if (address === undefined) return lookup(name, options, callback);
  if (address === '') return undefined;
  const done = typeof options === 'function' ? options : callback;
  const all = address.split(',').map((each) => ({ address: each, family: each.includes(':') ? 6 : 4 }));
  return process.nextTick(() =>
    options.all === true ? done(null, all) : done(null, all[0].address, all[0].family),
  );
};
