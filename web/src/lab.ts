// sRGB <-> CIE Lab, one row of 8-bit RGBA pixels at a time, as in tfcolor/color/cielab_numpy.py.

import constants from "./constants.json";

export const { AB_SCALE, L_SCALE } = constants;
const { XYZ_FROM_RGB, WHITE, LAB_KNEE, LAB_SLOPE, LAB_OFFSET, ROOT_KNEE } = constants;
const { SRGB_KNEE, LINEAR_KNEE, SLACK, BISECTIONS, STEPS } = constants;
const RELATIVE_FROM_RGB = XYZ_FROM_RGB.map((row, index) => row.map((each) => each / WHITE[index]));
const RGB_FROM_RELATIVE = inverse(RELATIVE_FROM_RGB).flat();

const LINEAR = table(255, decode);
const LIGHTNESS = table(STEPS, (luminance) => 116 * cubeRoot(luminance) - 16);
const LEVELS = Uint8Array.from(
  table(STEPS, (linear) =>
    Math.round(255 * (linear > LINEAR_KNEE ? 1.055 * linear ** (1 / 2.4) - 0.055 : linear * 12.92)),
  ),
);

/** Luminance Y in [0, 1] and L* in [0, 100] of pixels. */
export function tones(
  rgba: Uint8ClampedArray,
  luminance: Float32Array,
  lightness: Float32Array,
): void {
  const [red, green, blue] = RELATIVE_FROM_RGB[1];
  for (let x = 0, at = 0; x < luminance.length; x++, at += 4) {
    const y = red * LINEAR[rgba[at]] + green * LINEAR[rgba[at + 1]] + blue * LINEAR[rgba[at + 2]];
    luminance[x] = y;
    lightness[x] = LIGHTNESS[step(y)];
  }
}

/** Red, green and blue in [0, 255], not rounded. */
export type Levels = [Float32Array, Float32Array, Float32Array];

/** L* in [0, 100] of colors that are not rounded to levels. */
export function lightness(levels: Levels): Float32Array {
  return roots(levels, 1).map((root) => 116 * root - 16);
}

/** a* and b* of colors that are not rounded to levels. */
export function ab(levels: Levels): [Float32Array, Float32Array] {
  const [x, y, z] = [0, 1, 2].map((row) => roots(levels, row));
  return [x.map((root, at) => 500 * (root - y[at])), y.map((root, at) => 200 * (root - z[at]))];
}

/** Cube roots, as Lab takes them, of X, Y or Z relative to white. */
function roots([reds, greens, blues]: Levels, row: number): Float32Array {
  const [red, green, blue] = RELATIVE_FROM_RGB[row];
  return reds.map((level, at) =>
    cubeRoot(
      red * decode(level / 255) + green * decode(greens[at] / 255) + blue * decode(blues[at] / 255),
    ),
  );
}

/** Adds `share` of the pixels' own a* and b* to `a` and `b`. */
export function addOwn(
  rgba: Uint8ClampedArray,
  share: number,
  a: Float32Array,
  b: Float32Array,
): void {
  const [[x0, x1, x2], [y0, y1, y2], [z0, z1, z2]] = RELATIVE_FROM_RGB;
  for (let x = 0, at = 0; x < a.length; x++, at += 4) {
    if (rgba[at] === rgba[at + 1] && rgba[at] === rgba[at + 2]) continue; // a gray pixel
    const [red, green, blue] = [LINEAR[rgba[at]], LINEAR[rgba[at + 1]], LINEAR[rgba[at + 2]]];
    const rootX = cubeRoot(x0 * red + x1 * green + x2 * blue);
    const rootY = cubeRoot(y0 * red + y1 * green + y2 * blue);
    const rootZ = cubeRoot(z0 * red + z1 * green + z2 * blue);
    a[x] += share * 500 * (rootX - rootY);
    b[x] += share * 200 * (rootY - rootZ);
  }
}

/**
 * Writes these tones and colors to `rgba`, whose opacity stays. Colors outside sRGB lose chroma,
 * never lightness or hue.
 */
export function join(
  luminance: Float32Array,
  lightness: Float32Array,
  a: Float32Array,
  b: Float32Array,
  rgba: Uint8ClampedArray,
): void {
  for (let x = 0, at = 0; x < luminance.length; x++, at += 4) {
    const y = luminance[x];
    mix(y, (lightness[x] + 16) / 116, a[x], b[x]);
    if (!inside(SLACK)) {
      const root = cubeRoot(y); // exact: with the table's, the darkest grays too are outside sRGB
      const factor = largestFactor(y, root, a[x], b[x]);
      mix(y, root, factor * a[x], factor * b[x]);
    }
    rgba[at] = LEVELS[step(mixed[0])];
    rgba[at + 1] = LEVELS[step(mixed[1])];
    rgba[at + 2] = LEVELS[step(mixed[2])];
  }
}

/** The color of that lightness and nearest chroma that sRGB has: [L*, a*, b*]. */
export function inGamut(lightness: number, a: number, b: number): [number, number, number] {
  const root = (lightness + 16) / 116;
  const y = cube(root);
  mix(y, root, a, b);
  const factor = inside(SLACK) ? 1 : largestFactor(y, root, a, b);
  return [lightness, factor * a, factor * b];
}

/** A color as "#rrggbb". */
export function toHex(lightness: number, a: number, b: number): string {
  const pixel = new Uint8ClampedArray(4);
  const [y, l] = [Float32Array.of(cube((lightness + 16) / 116)), Float32Array.of(lightness)];
  join(y, l, Float32Array.of(a), Float32Array.of(b), pixel);
  return `#${[...pixel.subarray(0, 3)].map((level) => level.toString(16).padStart(2, "0")).join("")}`;
}

/** L*, a* and b* of "#rrggbb". */
export function fromHex(color: string): [number, number, number] {
  const levels = [1, 3, 5].map((at) => Float32Array.of(parseInt(color.slice(at, at + 2), 16)));
  const [[a], [b]] = ab(levels as Levels);
  return [lightness(levels as Levels)[0], a, b];
}

/** The largest factor in [0, 1] of a and b at which sRGB can show the color. */
function largestFactor(y: number, root: number, a: number, b: number): number {
  const beyond = (factor: number) => {
    mix(y, root, factor * a, factor * b);
    return Math.max(-Math.min(...mixed), Math.max(...mixed) - 1);
  };
  let [low, size] = [0, 1];
  for (let round = 0; round < BISECTIONS; round++) {
    size /= 2;
    if (beyond(low + size) <= 0) low += size;
  }
  const [inner, outer] = [beyond(low), beyond(low + size)];
  return low + size * Math.min(Math.max(-inner / Math.max(outer - inner, 1e-12), 0), 1);
}

const mixed = new Float64Array(3); // linear red, green and blue of the last `mix`, not clipped

function mix(y: number, root: number, a: number, b: number): void {
  const x = cube(root + a / 500);
  const z = cube(root - b / 200);
  const m = RGB_FROM_RELATIVE;
  mixed[0] = m[0] * x + m[1] * y + m[2] * z;
  mixed[1] = m[3] * x + m[4] * y + m[5] * z;
  mixed[2] = m[6] * x + m[7] * y + m[8] * z;
}

function inside(slack: number): boolean {
  const [low, high] = [-slack, 1 + slack];
  return (
    mixed[0] >= low && mixed[0] <= high &&
    mixed[1] >= low && mixed[1] <= high &&
    mixed[2] >= low && mixed[2] <= high
  );
}

/** The sRGB transfer curve: encoded -> linear, in [0, 1]. */
function decode(encoded: number): number {
  return encoded > SRGB_KNEE ? ((encoded + 0.055) / 1.055) ** 2.4 : encoded / 12.92;
}

function cube(root: number): number {
  return root <= ROOT_KNEE ? (root - LAB_OFFSET) / LAB_SLOPE : root * root * root;
}

function cubeRoot(relative: number): number {
  return relative > LAB_KNEE ? Math.cbrt(relative) : LAB_SLOPE * relative + LAB_OFFSET;
}

/** The index of a value in a table of `STEPS`; values outside [0, 1] are clipped. */
function step(value: number): number {
  return value <= 0 ? 0 : value >= 1 ? STEPS : Math.trunc(value * STEPS + 0.5);
}

function table(steps: number, entry: (value: number) => number): Float32Array {
  return Float32Array.from({ length: steps + 1 }, (_, index) => entry(index / steps));
}

/** The inverse of a 3 x 3 matrix, from its cofactors. */
function inverse(m: number[][]): number[][] {
  const cofactor = (row: number, column: number) => {
    const [r, s] = [(row + 1) % 3, (row + 2) % 3];
    const [c, d] = [(column + 1) % 3, (column + 2) % 3];
    return m[r][c] * m[s][d] - m[r][d] * m[s][c];
  };
  const determinant = [0, 1, 2].reduce((sum, each) => sum + m[0][each] * cofactor(0, each), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}
