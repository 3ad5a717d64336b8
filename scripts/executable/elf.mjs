// ELF-64, little endian: what is read and written of its header, at the offsets of the "System V ABI" (gabi), chapters
// "ELF Header" and "Program Header".
const programHeaders = { offset: 32, count: 56, size: 56 };
const sectionHeaders = { offset: 40, count: 60, names: 62 };
const segment = { load: 1, note: 4, table: 6 };
const readable = 4;
/** The largest page of the processors: what one segment maps begins on one. */
const page = 64 * 1024;

/** How Node.js finds its application: a note of this name, looked for when the fuse says `:1` ("postject"). */
const noteName = 'NODE_SEA_BLOB';
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';

/**
 * An executable of Node.js with an application in it. The application is a note in a segment of its own, behind
 * everything else, with the program headers in front of it, which have no room for more where they were. Symbols and
 * other sections, which only debuggers read, are left out: a seventh of the file.
 *
 * Every byte lies as far from its address as in the first segment: kernels before 5.18 find the program headers by that.
 *
 * @param {Buffer} program @param {Buffer} application @returns {Buffer}
 */
export function withApplication(program, application) {
  const headers = readHeaders(program);
  const loads = headers.filter(({ type }) => type === segment.load);
  const [first, last] = [loads[0], loads.at(-1)];
  if (first === undefined || last === undefined)
    throw new Error('the program of Node.js has nothing to load');
  const shift = first.address - first.offset;
  const begin = roundUp(last.address + last.memorySize - shift, page);
  const tableSize = (headers.length + 2) * programHeaders.size;
  const noteBegin = begin + roundUp(tableSize, 16);
  const note = noteOf(application);
  const place = (type, offset, size, align) => ({
    type,
    flags: readable,
    offset,
    address: offset + shift,
    fileSize: size,
    memorySize: size,
    align,
  });
  const table = writeHeaders([
    // Loadable segments are in the order of their addresses; the table of the headers is named before them.
    ...headers
      .slice(0, headers.indexOf(last) + 1)
      .map((header) => (header.type === segment.table ? place(segment.table, begin, tableSize, 8) : header)),
    place(segment.load, begin, noteBegin + note.length - begin, page),
    ...headers.slice(headers.indexOf(last) + 1),
    place(segment.note, noteBegin, note.length, 4),
  ]);
  const result = Buffer.alloc(noteBegin + note.length);
  program.copy(result, 0, 0, last.offset + last.fileSize);
  table.copy(result, begin);
  note.copy(result, noteBegin);
  result.writeBigUInt64LE(BigInt(begin), programHeaders.offset);
  result.writeUInt16LE(headers.length + 2, programHeaders.count);
  result.writeBigUInt64LE(0n, sectionHeaders.offset);
  result.writeUInt16LE(0, sectionHeaders.count);
  result.writeUInt16LE(0, sectionHeaders.names);
  lightFuse(result);
  return result;
}

function readHeaders(program) {
  const begin = Number(program.readBigUInt64LE(programHeaders.offset));
  return Array.from({ length: program.readUInt16LE(programHeaders.count) }, (_, index) => {
    const at = begin + index * programHeaders.size;
    const word = (offset) => Number(program.readBigUInt64LE(at + offset));
    return {
      type: program.readUInt32LE(at),
      flags: program.readUInt32LE(at + 4),
      offset: word(8),
      address: word(16),
      fileSize: word(32),
      memorySize: word(40),
      align: word(48),
    };
  });
}

function writeHeaders(headers) {
  const table = Buffer.alloc(headers.length * programHeaders.size);
  for (const [index, { type, flags, offset, address, fileSize, memorySize, align }] of headers.entries()) {
    const at = index * programHeaders.size;
    table.writeUInt32LE(type, at);
    table.writeUInt32LE(flags, at + 4);
    const words = [offset, address, address, fileSize, memorySize, align];
    for (const [number, word] of words.entries()) table.writeBigUInt64LE(BigInt(word), at + 8 + number * 8);
  }
  return table;
}

/** gabi, "Note Section": three words, then name and content, each padded to four bytes. */
function noteOf(content) {
  const name = Buffer.from(`${noteName}\0`);
  const contentBegin = 12 + roundUp(name.length, 4);
  const note = Buffer.alloc(contentBegin + roundUp(content.length, 4));
  note.writeUInt32LE(name.length, 0);
  note.writeUInt32LE(content.length, 4);
  name.copy(note, 12);
  content.copy(note, contentBegin);
  return note;
}

function lightFuse(program) {
  const at = program.indexOf(`${fuse}0`);
  if (at === -1 || program.indexOf(`${fuse}0`, at + 1) !== -1)
    throw new Error('Node.js has no fuse, or several');
  program.write('1', at + fuse.length);
}

function roundUp(value, to) {
  return Math.ceil(value / to) * to;
}
