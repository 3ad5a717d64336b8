// Adds to package-lock.json the packages of other platforms that npm left out. A registry or mirror may not carry them
// all; npm then writes a lock file that its own `npm ci` refuses. Run it after `npm install` has changed the lock file.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));

const systems =
  /(?:^|-)(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32|wasi)(?:-|$)/;
const processors = /(?:^|-)(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)(?:-|$)/;

/** What keeps npm from installing the package elsewhere: read from its name, as its own manifest says it. */
function platformOf(name) {
  const last = name.slice(name.lastIndexOf('/') + 1);
  const [, os] = systems.exec(last) ?? [];
  const [, cpu] = processors.exec(last) ?? [];
  if (os === undefined && cpu === undefined) throw new Error(`${name} names no platform`);
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(os === undefined || os === 'wasi' ? {} : { os: [os] }),
    ...(last.includes('musl') ? { libc: ['musl'] } : {}),
  };
}

for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] === undefined && /^\d+\.\d+\.\d+/.test(version)) {
      lock.packages[key] = { version, ...platformOf(name), dev: true, optional: true };
    }
  }
}
const [root, ...packages] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...packages.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
