// What a network is to be shown: the card that `tfcolor.runtimes.lite` puts behind it, a zip archive.

import constants from "./src/constants.json" with { type: "json" };

const NAME = "tfcolor.json";
const DEFAULTS = { size: constants.SIZE, stride: constants.STRIDE }; // of a file without a card

export interface Card {
  /** Short side that the network is shown, pixels. */
  size: number;
  /** What its sides must be multiples of. */
  stride: number;
}

export function readCard(file: Buffer): Card {
  const entry = file.lastIndexOf("PK\x03\x04");
  if (entry < 0) return DEFAULTS;
  const name = entry + 30;
  const text = name + file.readUInt16LE(entry + 26) + file.readUInt16LE(entry + 28);
  if (file.toString("latin1", name, name + NAME.length) !== NAME) return DEFAULTS;
  const length = file.readUInt32LE(entry + 18);
  return { ...DEFAULTS, ...JSON.parse(file.toString("utf8", text, text + length)) };
}
