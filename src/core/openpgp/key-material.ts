/** A key as it is hashed: for its fingerprint, and under signatures about it (RFC 4880, 5.2.4 and 12.2). */
export function keyMaterial(body: Uint8Array): Uint8Array {
  const head = Buffer.from([0x99, 0, 0]);
  head.writeUInt16BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** A user id or a user attribute as it is hashed under signatures about it. */
export function userMaterial(prefix: number, body: Uint8Array): Uint8Array {
  const head = Buffer.from([prefix, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
