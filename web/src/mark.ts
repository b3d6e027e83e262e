// Marks a file's color as made by a trained model, as tfcolor/images/provenance.py does.

const XMP = `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="tfcolor in a browser"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;

/** Adds the mark to a PNG or JPEG that a browser wrote. */
export async function mark(file: Blob): Promise<Blob> {
  const png = file.type === "image/png";
  const head = new DataView(await file.slice(0, 64).arrayBuffer());
  // After PNG's IHDR (8 + 25 bytes) or JPEG's JFIF segment, which must come first.
  const at = png ? 33 : head.getUint16(2) === 0xffe0 ? 4 + head.getUint16(4) : 2;
  const added = png ? chunk("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${XMP}`) : segment();
  return new Blob([file.slice(0, at), added, file.slice(at)], { type: file.type });
}

/** A chunk of a PNG: length, type, content and checksum. */
function chunk(type: string, content: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(`\0\0\0\0${type}${content}\0\0\0\0`);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 12);
  view.setUint32(bytes.length - 4, checkSum(bytes.subarray(4, -4)));
  return bytes;
}

/** The APP1 segment of a JPEG, with its length. */
function segment(): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(`\0\0\0\0http://ns.adobe.com/xap/1.0/\0${XMP}`);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xffe1);
  view.setUint16(2, bytes.length - 2);
  return bytes;
}

const SUMS = Uint32Array.from({ length: 256 }, (_, sum) => {
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  return sum;
});

/** CRC-32. */
export function checkSum(bytes: Uint8Array): number {
  let sum = ~0;
  for (const byte of bytes) sum = (sum >>> 8) ^ SUMS[(sum ^ byte) & 255];
  return ~sum >>> 0;
}
