// The visitor's photograph, read in strips.

import constants from "./constants.json";

const { MIN_SIDE } = constants;
const MAX_SIDE = 16_384; // pixels; what the canvas of most browsers can hold
const MAX_PIXELS = 100e6; // so many take 400 MB each for decoding and for painting

export type Pixels = Uint8ClampedArray<ArrayBuffer>; // RGBA, row after row

/** An error whose message is shown to the visitor. */
export class Refused extends Error {}

export class Photograph {
  readonly width: number;
  readonly height: number;
  private readonly strip = context(1, 1);

  constructor(readonly image: ImageBitmap) {
    this.width = image.width;
    this.height = image.height;
  }

  /**
   * Decodes a file, upright and in sRGB.
   *
   * @throws Refused if it is no photograph, or too small or large.
   */
  static async open(file: File): Promise<Photograph> {
    const image = await createImageBitmap(file).catch(() => {
      throw new Refused(
        `${file.name} is damaged or not a photograph that this browser can read; choose a JPEG, ` +
          "PNG or WebP",
      );
    });
    const { width, height } = image;
    const size = `${file.name} has ${width} x ${height} pixels`;
    if (Math.min(width, height) < MIN_SIDE) {
      image.close();
      throw new Refused(`${size}; choose one of at least ${MIN_SIDE} x ${MIN_SIDE}`);
    }
    if (Math.max(width, height) > MAX_SIDE || width * height > MAX_PIXELS) {
      image.close();
      throw new Refused(
        `${size}; choose one of at most ${MAX_SIDE} a side and ${MAX_PIXELS / 1e6} megapixels, ` +
          "or use tfcolor colorize",
      );
    }
    return new Photograph(image);
  }

  /** RGBA of some rows; the caller may change them. */
  rows(top: number, count: number): Pixels {
    const { canvas } = this.strip;
    canvas.width = this.width; // which also clears it
    canvas.height = count;
    this.strip.drawImage(this.image, 0, -top);
    return this.strip.getImageData(0, 0, this.width, count).data;
  }

  /** Its image, for the page, which may close it. */
  copy(): Promise<ImageBitmap> {
    return createImageBitmap(this.image);
  }

  /** The photograph, reduced to sides of at most `side` pixels. */
  async reduced(side: number): Promise<Photograph> {
    const scale = side / Math.max(this.width, this.height);
    if (scale >= 1) return this;
    const [resizeWidth, resizeHeight] = [this.width, this.height].map((each) =>
      Math.max(Math.round(each * scale), 1),
    );
    const options = { resizeWidth, resizeHeight, resizeQuality: "high" } as const;
    return new Photograph(await createImageBitmap(this.image, options));
  }
}

/** A canvas to paint on. */
export function context(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const painted = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!painted) throw new Refused("the photograph is too large for this browser");
  return painted;
}
