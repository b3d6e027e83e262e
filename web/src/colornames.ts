// Words for colors, for those who hear the page or cannot tell them apart.

import { fromHex } from "./lab";

const GRAY = 8; // chroma; less looks gray
const HUES: readonly (readonly [number, string])[] = [
  [15, "pink"], [45, "red"], [68, "orange"], [105, "yellow"], [170, "green"], [225, "turquoise"],
  [290, "blue"], [325, "purple"], [360, "pink"],
]; // degrees up to which a hue has its name

/** Such as "dark blue". */
export function nameOf(color: string): string {
  const [light, a, b] = fromHex(color);
  const tone = light < 35 ? "dark " : light > 75 ? "light " : "";
  if (Math.hypot(a, b) < GRAY) {
    return light < 12 ? "black" : light > 95 ? "white" : `${tone}gray`;
  }
  const degrees = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  const hue = HUES.find(([end]) => degrees <= end)![1];
  const isBrown = (hue === "orange" || hue === "yellow" || hue === "red") && light < 62;
  return isBrown && Math.hypot(a, b) < 45 ? `${tone}brown` : `${tone}${hue}`;
}
