/** Writes zip archives (APPNOTE.TXT, 4.3), honest ones and others. */

import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Stored unless true. */
  readonly deflate?: boolean;
  /** What the headers say instead of the truth. */
  readonly claimedSize?: number;
  /** Of Unix, with the kind of file. */
  readonly mode?: number;
  readonly encrypted?: boolean;
}

export function makeZip(entries: readonly ZipEntry[], claimedEntries = entries.length): Uint8Array {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const {
    name,
    bytes,
    deflate = false,
    claimedSize = bytes.length,
    mode = 0o100644,
    encrypted = false,
  } of entries) {
    const data = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE((encrypted ? 1 : 0) | 0x800, 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(claimedSize, 18);
    common.writeUInt16LE(path.length, 22);
    local.push(Buffer.from('PK\x03\x04', 'latin1'), common, path, data);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((mode << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    // Made by Unix.
    central.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, rest, path);
    offset += 4 + common.length + path.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(claimedEntries, 8);
  end.writeUInt16LE(claimedEntries, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}
