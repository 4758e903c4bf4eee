// Lists what a zip file holds, from its central directory (APPNOTE.TXT, 4.3.12 and 4.3.16). No zip64: a VSIX is small.

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;

/** The paths of all entries, in order. Throws where `zip` is not a whole zip file. */
export function listZip(zip) {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== endSignature) end -= 1;
  if (end < 0) throw new Error('Not a zip file: it has no end of central directory.');
  const count = zip.readUInt16LE(end + 10);
  let offset = zip.readUInt32LE(end + 16);
  const paths = [];
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(offset) !== entrySignature)
      throw new Error(`Damaged zip file: entry ${index} is not where it should be.`);
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(offset + field));
    paths.push(zip.toString('utf8', offset + 46, offset + 46 + name));
    offset += 46 + name + extra + comment;
  }
  return paths;
}
