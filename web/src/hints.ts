// Lays the visitor's marks on what the network sees, as tfcolor/colorizing/marks.py does.

import constants from "./constants.json";
import { type Mark, type Point, type Size, points } from "./choice";
import * as lab from "./lab";
import type { Colors } from "./paint";
import type { Plane } from "./taps";

const { RADIUS, NEAR } = constants;

export interface Hints {
  /** a* / 110, b* / 110 and the mask of each pixel. */
  planes: Float32Array;
}

export interface Laid {
  /** 1 where there is a mark. */
  mask: Uint8Array;
  /** a* / 110 and b* / 110 of each pixel; 0 where there is none. */
  color: Float32Array;
}

/**
 * @param l - as the network sees it.
 * @param size - of the photograph, whose pixels the marks are in.
 * @param saturation - the factor that the picture is painted with; a mark is the color after that.
 */
export function lay(l: Plane, marks: readonly Mark[], size: Size, saturation: number): Laid {
  const pixels = l.data.length;
  const [mask, color] = [new Uint8Array(pixels), new Float32Array(2 * pixels)];
  const [count, total] = [new Float32Array(pixels), new Float32Array(2 * pixels)];
  for (const mark of marks) {
    const [, ...found] = lab.fromHex(mark.color);
    const ab = found.map((each) => each / lab.AB_SCALE / (saturation || 1));
    for (const at of covered(mark, l, size)) {
      mask[at] = 1;
      if ("x" in mark) {
        count[at]++;
        for (const channel of [0, 1]) total[2 * at + channel] += ab[channel];
      } else color.set(ab, 2 * at);
    }
  }
  count.forEach((places, at) => {
    if (places) color.set([total[2 * at] / places, total[2 * at + 1] / places], 2 * at);
  });
  return { mask, color };
}

/** The marks whose colors spread beyond what they cover: all but polygons. */
export function spreading(marks: readonly Mark[]): Mark[] {
  return marks.filter((mark) => !("polygon" in mark));
}

/** Gives what is inside polygons its color. */
export function fill(
  { l, a, b }: Colors,
  marks: readonly Mark[],
  size: Size,
  saturation: number,
): Colors {
  const polygons = marks.filter((mark) => "polygon" in mark);
  if (!polygons.length) return { l, a, b };
  const { color } = lay(l, marks, size, saturation);
  const [first, second] = [a, b].map((plane) => ({ ...plane, data: plane.data.slice() }));
  for (const mark of polygons) {
    for (const at of covered(mark, l, size)) {
      first.data[at] = color[2 * at];
      second.data[at] = color[2 * at + 1];
    }
  }
  return { l, a: first, b: second };
}

/** What was laid as the input of a network. */
export function planes({ mask, color }: Laid): Hints {
  return joined(color, mask);
}

/** Colors, a* / 110 and b* / 110 of each pixel, and how sure they are as the input of a network. */
export function joined(color: Float32Array, mask: ArrayLike<number>): Hints {
  const planes = new Float32Array(mask.length * 3);
  for (let at = 0; at < mask.length; at++) {
    const [a, b] = color.subarray(2 * at, 2 * at + 2);
    const most = Math.max(Math.abs(a), Math.abs(b), 1);
    planes.set([a / most, b / most, mask[at]], 3 * at);
  }
  return { planes };
}

/** The pixel of `l` for one of the photograph. */
export function placeOf([x, y]: Point, l: Size, { width, height }: Size): Point {
  return [Math.floor(((x + 0.5) * l.width) / width), Math.floor(((y + 0.5) * l.height) / height)];
}

/** The indices of the pixels of `l` that a mark covers. */
function covered(mark: Mark, l: Plane, size: Size): number[] {
  const corners = points(mark).map((point) => placeOf(point, l, size));
  if ("x" in mark) return disc(corners[0], l);
  const closed = "polygon" in mark;
  const scale = Math.min(l.width, l.height) / Math.min(size.width, size.height);
  const reach = closed ? 0.5 : Math.max(Math.round(mark.width * scale), 1) / 2;
  const found = [];
  for (let y = 0, at = 0; y < l.height; y++) {
    for (let x = 0; x < l.width; x++, at++) {
      const near = distance([x, y], corners, closed) <= reach;
      if (near || (closed && isInside([x, y], corners))) found.push(at);
    }
  }
  return found;
}

/** The pixels around one that are about as light. */
function disc([column, row]: Point, { width, height, data }: Plane): number[] {
  const radius = RADIUS * Math.min(width, height);
  const found = [];
  const lightness = data[row * width + column];
  const reach = Math.floor(radius);
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, height - 1); y++) {
    for (let x = Math.max(column - reach, 0); x <= Math.min(column + reach, width - 1); x++) {
      const isNear = (y - row) ** 2 + (x - column) ** 2 <= radius ** 2;
      if (isNear && Math.abs(data[y * width + x] - lightness) <= NEAR) found.push(y * width + x);
    }
  }
  return found;
}

/** The distance from a line through points. */
function distance([x, y]: Point, corners: Point[], closed: boolean): number {
  let least = Math.hypot(corners[0][0] - x, corners[0][1] - y);
  corners.forEach(([toX, toY], index) => {
    if (!index && !closed) return;
    const [fromX, fromY] = corners[(index || corners.length) - 1];
    const [dx, dy] = [toX - fromX, toY - fromY];
    const along = ((x - fromX) * dx + (y - fromY) * dy) / (dx * dx + dy * dy || 1);
    const share = Math.min(Math.max(along, 0), 1);
    least = Math.min(least, Math.hypot(fromX + share * dx - x, fromY + share * dy - y));
  });
  return least;
}

/** Whether a line to the right of a place crosses the outline an odd number of times. */
function isInside([x, y]: Point, corners: Point[]): boolean {
  let inside = false;
  corners.forEach(([toX, toY], index) => {
    const [fromX, fromY] = corners[(index || corners.length) - 1];
    if (toY > y === fromY > y) return;
    if (x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
  });
  return inside;
}
