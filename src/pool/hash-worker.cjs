// The thread of hash-files.ts: takes the next file of the list until none is left, and posts what it hashed.
// Plain JavaScript, because it is started from its text: no build, bundle or executable has to carry it as a file.
'use strict';
const { createHash } = require('node:crypto');
const { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } = require('node:fs');
const { constants: system, setPriority } = require('node:os');
const { parentPort, workerData } = require('node:worker_threads');

const { jobs, counters, bufferSize, modest } = workerData;
const [next, read] = [0, 1];
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const buffer = Buffer.allocUnsafeSlow(bufferSize);

/** Its digest in hex, or the code of the system's error; `EFTYPE` for anything but a regular file. */
function hashFile({ path, algorithm }) {
  let file;
  try {
    file = openSync(path, flags);
    if (!fstatSync(file).isFile()) return { error: 'EFTYPE' };
    const hash = createHash(algorithm);
    for (let length = 1; length > 0; ) {
      length = readSync(file, buffer, 0, bufferSize, null);
      hash.update(length === bufferSize ? buffer : buffer.subarray(0, length));
      Atomics.add(counters, read, BigInt(length));
    }
    return { hex: hash.digest('hex') };
  } catch (error) {
    return { error: error.code ?? String(error) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// Linux gives each thread a priority of its own (setpriority(2)), and here a link with its number (proc(5)).
if (modest)
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').pop()), system.priority.PRIORITY_LOW);
for (;;) {
  const index = Number(Atomics.add(counters, next, 1n));
  if (index >= jobs.length) break;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
  parentPort.postMessage({ index, ...hashFile(jobs[index]) });
}
