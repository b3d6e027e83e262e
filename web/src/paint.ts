// Joins a photograph and its color, which has the network's size, strip by strip, as
// tfcolor/colorizing/painting.py does.

import * as lab from "./lab";
import type { Photograph, Pixels } from "./photograph";
import type { Plane } from "./taps";
import { Upsampler } from "./upsample";

const STRIP = 262_144; // pixels

export interface Look {
  /** 1 for the network's colors, 0 for the photograph's own, a mixture in between. */
  strength: number;
  /** Factor for the network's chroma. */
  saturation: number;
}

/** Input and output of the network: l is L* / 50 - 1, a and b are a* / 110 and b* / 110. */
export interface Colors {
  l: Plane;
  a: Plane;
  b: Plane;
}

/**
 * Joins a photograph's own lightness with color of a smaller size.
 *
 * @param put takes each strip: its top row and its pixels, RGBA.
 */
export function paint(
  photograph: Photograph,
  colors: Colors,
  look: Look,
  put: (top: number, pixels: Pixels) => void,
): void {
  const { width, height } = photograph;
  const factor = lab.AB_SCALE * look.strength * look.saturation;
  const small = [
    scaled(colors.l, (l) => (l + 1) * lab.L_SCALE),
    scaled(colors.a, (a) => a * factor),
    scaled(colors.b, (b) => b * factor),
  ];
  const large = new Upsampler(small, width, height);
  const [luminance, lightness, a, b] = [0, 1, 2, 3].map(() => new Float32Array(width));
  const strip = Math.max(Math.floor(STRIP / width), 1);
  for (let top = 0; top < height; top += strip) {
    const pixels = photograph.rows(top, Math.min(strip, height - top));
    for (let y = 0; y < pixels.length / (width * 4); y++) {
      const row = pixels.subarray(y * width * 4, (y + 1) * width * 4);
      lab.tones(row, luminance, lightness);
      large.row(top + y, lightness, a, b);
      if (look.strength < 1) lab.addOwn(row, 1 - look.strength, a, b);
      lab.join(luminance, lightness, a, b, row);
    }
    put(top, pixels);
  }
}

function scaled(plane: Plane, change: (value: number) => number): Plane {
  return { ...plane, data: plane.data.map(change) };
}
