// The thread of write-thread.ts: hashes what is handed to it, and writes it. Plain JavaScript, because it is started
// from its text: no build, bundle or executable has to carry it as a file.
'use strict';
const { createHash } = require('node:crypto');
const { readSync, writeSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');

/** Memory shared with the main thread, and the hashes under way, by their numbers. */
const slots = [];
const hashes = new Map();
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

const requests = {
  slot: ({ slot, memory }) => {
    slots[slot] = Buffer.from(memory);
  },
  hash: ({ part, algorithm }) => {
    hashes.set(part, createHash(algorithm));
  },
  write: ({ part, slot, length, fd, position }) => {
    const bytes = slots[slot].subarray(0, length);
    hashes.get(part)?.update(bytes);
    for (let done = 0; done < length; ) {
      done += writeSync(fd, bytes, done, length - done, position + done);
    }
  },
  adopt: ({ part, fd, from, to }) => {
    for (let at = from; at < to; ) {
      const length = readSync(fd, readBuffer, 0, Math.min(readBuffer.length, to - at), at);
      if (length === 0) break;
      hashes.get(part)?.update(readBuffer.subarray(0, length));
      at += length;
    }
  },
  digest: ({ part }) => hashes.get(part)?.copy().digest('hex'),
  close: ({ part }) => {
    hashes.delete(part);
  },
};

parentPort.on('message', (request) => {
  const answer = { number: request.number };
  try {
    answer.hex = requests[request.type](request);
  } catch (error) {
    answer.error = { code: error.code, errno: error.errno, message: error.message };
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread has no origin
  parentPort.postMessage(answer);
});
