// Enlarges the color of a small photograph along the edges of the large one, as
// tfcolor/colorizing/upsample.py does: bicubic, and where color follows lightness in the small
// photograph, it follows the fine detail of lightness in the large one.

import constants from "./constants.json";
import * as taps from "./taps";

const { NOISE, TRUST } = constants;

/** Computes the large planes row by row. */
export class Upsampler {
  private readonly wide: Float32Array[]; // a*, b*, their slopes, L*; as wide as the large planes
  private readonly taps: taps.Taps;
  private readonly spare: Float32Array;

  /** @param small - L*, a* and b* of the small photograph. */
  constructor(small: taps.Plane[], width: number, height: number) {
    // The small planes may be larger than the photograph: reduce them to its size.
    const few = [Math.min(small[0].width, width), Math.min(small[0].height, height)] as const;
    const same = small[0].width === few[0] && small[0].height === few[1];
    const [l, a, b] = same ? small : small.map((each) => taps.resize(each, ...few, taps.means));
    this.wide = [a, b, slope(l, a), slope(l, b), l].map((each) =>
      taps.widen(each, width, taps.cubic),
    );
    this.taps = taps.cubic(l.height, height);
    this.spare = new Float32Array(width);
  }

  /** One row of a* and b* of the large planes, from L* of that row. */
  row(y: number, lightness: Float32Array, a: Float32Array, b: Float32Array): void {
    const { wide, spare } = this;
    const detail = new Float32Array(lightness.length);
    taps.down(wide[4], this.taps, y, detail);
    for (let x = 0; x < detail.length; x++) detail[x] = lightness[x] - detail[x];
    [a, b].forEach((plane, index) => {
      taps.down(wide[index], this.taps, y, plane);
      taps.down(wide[index + 2], this.taps, y, spare);
      for (let x = 0; x < plane.length; x++) plane[x] += spare[x] * detail[x];
    });
  }
}

/** The slope of a color plane over L* around each pixel. */
function slope(l: taps.Plane, color: taps.Plane): taps.Plane {
  const [meanL, meanColor] = [mean(l), mean(color)];
  const [squares, products] = [mean(product(l, l)), mean(product(l, color))];
  const data = products.data.map((each, at) => {
    const covariance = each - meanL.data[at] * meanColor.data[at];
    return covariance / (squares.data[at] - meanL.data[at] ** 2 + NOISE);
  });
  const smooth = mean({ ...l, data });
  return { ...l, data: smooth.data.map((each) => TRUST * each) };
}

function product(one: taps.Plane, other: taps.Plane): taps.Plane {
  return { ...one, data: one.data.map((each, at) => each * other.data[at]) };
}

/** Means of 3 x 3 pixels; beyond the borders the outermost pixels are repeated. */
function mean(plane: taps.Plane): taps.Plane {
  return taps.resize(plane, plane.width, plane.height, threes);
}

const threes: taps.Way = (side) => ({
  count: 3,
  place: Int32Array.from({ length: 3 * side }, (_, at) =>
    Math.min(Math.max(Math.floor(at / 3) + (at % 3) - 1, 0), side - 1),
  ),
  weight: new Float32Array(3 * side).fill(1 / 3),
});
