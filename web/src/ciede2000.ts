// CIEDE2000 (Sharma, Wu and Dalal 2005), as tfcolor/color/ciede2000.py.

type Lab = readonly [number, number, number];

const KNEE = 25 ** 7;
const DEGREE = Math.PI / 180;
const saturating = (c: number) => Math.sqrt(c ** 7 / (c ** 7 + KNEE));

/** The difference of two colors; about 1 is just noticeable. */
export function difference([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const stretch = 1.5 - 0.5 * saturating((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2);
  const [c1, c2] = [Math.hypot(stretch * a1, b1), Math.hypot(stretch * a2, b2)];
  const [h1, h2] = [hue(stretch * a1, b1), hue(stretch * a2, b2)];
  const hasGray = c1 * c2 === 0;
  const turn = h2 - h1;
  const wrapped = turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI));
  const deltaH = 2 * Math.sqrt(c1 * c2) * Math.sin((hasGray ? 0 : wrapped) / 2);
  const [l, c, middle] = [(l1 + l2) / 2, (c1 + c2) / 2, (h1 + h2) / 2];
  const opposite = middle < Math.PI ? middle + Math.PI : middle - Math.PI;
  const h = hasGray ? h1 + h2 : Math.abs(turn) > Math.PI ? opposite : middle;
  const t =
    1 -
    0.17 * Math.cos(h - 30 * DEGREE) +
    0.24 * Math.cos(2 * h) +
    0.32 * Math.cos(3 * h + 6 * DEGREE) -
    0.2 * Math.cos(4 * h - 63 * DEGREE);
  const blue = 60 * DEGREE * Math.exp(-(((h / DEGREE - 275) / 25) ** 2));
  const lTerm = (l2 - l1) / (1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2));
  const cTerm = (c2 - c1) / (1 + 0.045 * c);
  const hTerm = deltaH / (1 + 0.015 * c * t);
  const rotation = -Math.sin(blue) * 2 * saturating(c);
  const square = lTerm ** 2 + cTerm ** 2 + hTerm ** 2 + rotation * cTerm * hTerm;
  return Math.sqrt(Math.max(square, 0));
}

function hue(a: number, b: number): number {
  const angle = Math.atan2(b, a);
  return angle < 0 ? angle + 2 * Math.PI : angle;
}
