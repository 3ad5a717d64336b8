// Loaded into the tool before it starts (NODE_OPTIONS=--import): counts what it does to files below STEP_FOLDER, over all
// its threads, writes each as a line of STEP_LOG, and stops the process (SIGSTOP) right before number STEP_STOP.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';

const { STEP_FOLDER: folder, STEP_LOG: log, STEP_STOP: stop } = process.env;
const { appendFileSync, fstatSync, openSync, closeSync, readlinkSync } = fs;
const width = 256;

function below(path) {
  const name = relative(folder, String(path));
  return name.startsWith('..') ? undefined : name || '.';
}

function step(operation, path) {
  const name = below(path);
  if (name === undefined || name === '.lock') return;
  appendFileSync(log, `${`${operation} ${name}`.slice(0, width - 1).padEnd(width - 1)}\n`);
  const file = openSync(log, 'r');
  const count = fstatSync(file).size / width;
  closeSync(file);
  if (count === Number(stop)) process.kill(process.pid, 'SIGSTOP');
}

const pathOfFile = (fd) => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '/nowhere';
  }
};

const isWriting = (flags) =>
  typeof flags === 'string' ? flags !== 'r' : typeof flags === 'number' && (flags & 3) !== 0;

/** Puts a step in front of functions of an object; `pathOf` finds the path in their arguments. */
function watch(object, names, operation, pathOf) {
  for (const name of names) {
    const real = object[name];
    if (typeof real !== 'function') continue;
    object[name] = function (...args) {
      const path = pathOf.call(this, args);
      if (path !== undefined) step(operation, path);
      return real.apply(this, args);
    };
  }
}

for (const [object, suffix] of [
  [fs.promises, ''],
  [fs, 'Sync'],
  [fs, ''],
]) {
  watch(object, [`open${suffix}`], 'open', ([path, flags]) => (isWriting(flags) ? path : undefined));
  watch(object, [`rename${suffix}`], 'rename', ([, to]) => to);
  watch(object, [`link${suffix}`], 'link', ([, to]) => to);
  watch(object, [`mkdir${suffix}`], 'mkdir', ([path]) => path);
  watch(object, [`rm${suffix}`, `unlink${suffix}`], 'remove', ([path]) => path);
  watch(object, [`truncate${suffix}`], 'truncate', ([path]) => path);
  if (object === fs.promises) continue;
  const ofFile = ([fd]) => pathOfFile(fd);
  watch(object, [`write${suffix}`, `writev${suffix}`], 'write', ofFile);
  watch(object, [`fsync${suffix}`, `fdatasync${suffix}`], 'sync', ofFile);
  watch(object, [`ftruncate${suffix}`], 'truncate', ofFile);
}
const probe = await fs.promises.open('/dev/null');
const handle = Object.getPrototypeOf(probe);
await probe.close();
const ofHandle = function () {
  return pathOfFile(this.fd);
};
watch(handle, ['write', 'writev', 'writeFile'], 'write', ofHandle);
watch(handle, ['sync', 'datasync'], 'sync', ofHandle);
watch(handle, ['truncate'], 'truncate', ofHandle);
syncBuiltinESMExports();
