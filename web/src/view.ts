// The large picture: before and after, zoom, the visitor's marks on it, and tools to place more.

import type { Mark, Point, Size } from "./choice";
import { fromHex } from "./lab";
import * as rings from "./rings";

const MOST = 16; // pixels of the screen for one of the photograph, at the largest zoom

export type Tool = "place" | "area" | "brush";

/** What the view tells the page, besides what its rings tell. */
export interface Told extends rings.Told {
  /** A place was clicked, or an area drawn; the color is still to be chosen. */
  drawn(mark: Mark): void;
  /** A color was picked from the picture, while `view.picks`. */
  picked(color: string): void;
  /** The longer side of the picture on the screen now is so many pixels. */
  zoomed(side: number): void;
  /** Says how to use a tool, after it was used as another. */
  explain(text: string): void;
}

const HELP = {
  area: "Draw around the area; or add corners with Enter, twice at the last",
  brush: "Draw along what is to be colored; or add points with Enter, twice at the last",
};

export class View {
  /** Whether the next click picks a color instead of placing one. */
  picks = false;
  private tool: Tool = "place";
  private size: Size = { width: 1, height: 1 };
  private zoom = 1; // 1 shows all of it
  private offset: Point = [0, 0]; // of the picture's upper left corner, pixels of the screen
  private cursor?: Point; // of the keyboard, pixels of the photograph
  private readonly rings: rings.Rings;
  private readonly pointers = new Map<number, Point>();
  private path: Point[] = []; // what is being drawn
  private split = 0; // percent of the frame that shows the photograph before

  constructor(
    private readonly frame: HTMLElement, // has the focus
    private readonly picture: HTMLElement, // holds the canvases and marks
    private readonly before: HTMLCanvasElement,
    private readonly after: HTMLCanvasElement,
    private readonly areas: SVGSVGElement,
    buttons: HTMLElement,
    private readonly told: Told,
  ) {
    this.rings = new rings.Rings(buttons, told, (event) => this.onPhotograph(event));
    frame.onpointerdown = (event) => this.press(event);
    frame.onpointermove = (event) => this.drag(event);
    frame.onpointerup = (event) => this.release(event);
    frame.onpointercancel = (event) => this.cancel(event);
    // Without this the browser would click once more after a tap, on what has moved under the finger.
    const untapped = (event: TouchEvent) => {
      const isOwn = (event.target as Element).closest("input, .mark");
      if (event.cancelable && !isOwn) event.preventDefault();
    };
    frame.addEventListener("touchend", untapped, { passive: false });
    frame.onwheel = (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 400), this.onFrame(event));
    };
    frame.onkeydown = (event) => this.key(event);
    new ResizeObserver(() => this.place()).observe(frame);
  }

  /** Shows nothing, and takes no clicks. */
  clear(): void {
    this.frame.inert = true;
    this.picture.hidden = true;
  }

  /** Shows another photograph, all of it; without color until `show`. */
  open(size: Size, before: ImageBitmap): void {
    this.size = this.rings.size = size;
    this.cursor = undefined;
    this.endPath();
    this.frame.inert = this.picture.hidden = false;
    this.frame.style.setProperty("--aspect", String(size.width / size.height));
    this.areas.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    draw(this.before, before);
    draw(this.after, this.before);
    this.fit();
  }

  use(tool: Tool): void {
    this.tool = tool;
    this.endPath();
    this.frame.classList.toggle("drawing", tool !== "place");
    if (tool !== "place") this.told.explain(HELP[tool]);
  }

  /** Moves the border between before and after. */
  divide(percent: number): void {
    this.split = percent;
    this.place();
  }

  /** L* of the photograph at the middle of a mark. */
  lightnessOf(mark: Mark): number {
    const [column, row] = this.onCanvas(this.before, rings.middle(mark));
    return fromHex(colorOf(this.before, column, row))[0];
  }

  /** Shows it in color. */
  show(after: ImageBitmap): void {
    draw(this.after, after);
  }

  fit(): void {
    this.zoom = 1;
    this.offset = [0, 0];
    this.place();
  }

  /** Zooms around a place of the frame, its middle by default. */
  zoomBy(factor: number, [x, y] = this.middle()): void {
    const [width] = this.box();
    const most = Math.max((MOST * this.size.width) / width, 1);
    const zoom = Math.min(Math.max(this.zoom * factor, 1), most);
    const change = zoom / this.zoom;
    this.offset = [x - (x - this.offset[0]) * change, y - (y - this.offset[1]) * change];
    this.zoom = zoom;
    this.place();
    this.told.zoomed(Math.max(...this.box()) * zoom * devicePixelRatio);
  }

  /** Shows the visitor's marks; the one whose color is being chosen with its outline. */
  mark(marks: readonly Mark[], edited?: Mark): void {
    this.areas.replaceChildren(...rings.outline(edited));
    this.rings.show(marks, edited && !edited.color ? edited : undefined);
  }

  /** Gives the focus to a mark's ring, or to the picture if there is none of that index. */
  focus(index: number): void {
    (this.rings.at(index) ?? this.frame).focus({ preventScroll: true });
  }

  /** Where a mark is on the screen. */
  at(mark: Mark): DOMRect {
    const [x, y] = this.onScreen(rings.middle(mark));
    return new DOMRect(x, y, 0, 0);
  }

  private press(event: PointerEvent): void {
    if ((event.target as Element).closest("input, .mark") || event.button) return;
    this.pointers.set(event.pointerId, this.onFrame(event));
    this.frame.setPointerCapture(event.pointerId);
    this.endPath();
    if (this.pointers.size === 1) this.path = [this.onPhotograph(event)];
  }

  private endPath(): void {
    this.path = [];
    this.areas.replaceChildren();
  }

  private drag(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.onFrame(event);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    const draws = this.tool !== "place" && !this.picks && !others.length;
    if (!draws && !others.length && this.path.length) {
      const [x, y] = this.onFrameOf(this.path[0]);
      if (Math.hypot(now[0] - x, now[1] - y) < rings.DRAG) return;
      this.path = []; // a drag, and no click
    }
    this.pointers.set(event.pointerId, now);
    if (others.length) {
      const [, other] = others[0];
      const apart = (point: Point) => Math.hypot(point[0] - other[0], point[1] - other[1]);
      this.zoomBy(apart(now) / Math.max(apart(before), 1), other);
    } else if (draws && this.path.length) {
      this.path.push(this.onPhotograph(event));
      this.areas.replaceChildren(...rings.outline(this.drawn()));
    } else {
      this.offset = [this.offset[0] + now[0] - before[0], this.offset[1] + now[1] - before[1]];
      this.place();
    }
  }

  private release(event: PointerEvent): void {
    if (!this.pointers.delete(event.pointerId) || !this.path.length) return;
    const [[x, y], drawn] = [this.path[0], this.drawn()];
    this.endPath();
    if (this.picks) this.told.picked(this.colorAt([x, y]));
    else if (this.tool === "place") this.told.drawn({ x, y, color: "" });
    else if (drawn) this.told.drawn(drawn);
    else this.told.explain(HELP[this.tool]);
  }

  private cancel(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.endPath();
  }

  /** The area along the pointer's way; none if that was a click. */
  private drawn(): Mark | undefined {
    if (this.tool === "place" || this.path.length < 3) return undefined;
    if (this.tool === "area") return { polygon: [...this.path], color: "" };
    const width = Math.max(Math.round(0.03 * Math.min(this.size.width, this.size.height)), 1);
    return { stroke: [...this.path], width, color: "" };
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.size;
    const arrow = rings.ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 1 : rings.STEP * Math.max(width, height);
      const [x, y] = this.cursor ?? [width / 2, height / 2];
      const clip = (value: number, side: number) => Math.min(Math.max(Math.round(value), 0), side - 1);
      this.cursor = [clip(x + arrow[0] * step, width), clip(y + arrow[1] * step, height)];
      this.rings.aim(this.cursor);
    } else if (event.key === "Enter" || event.key === " ") {
      const [x, y] = this.cursor ?? [Math.floor(width / 2), Math.floor(height / 2)];
      if (this.picks) this.told.picked(this.colorAt([x, y]));
      else if (this.tool === "place") this.told.drawn({ x, y, color: "" });
      else this.addCorner([x, y]);
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
    else if (event.key === "-") this.zoomBy(1 / 1.5);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  /** Draws on by the keyboard; a corner at the same place as the last ends it. */
  private addCorner(corner: Point): void {
    const last = this.path[this.path.length - 1];
    const [drawn, isLast] = [this.drawn(), last?.join() === corner.join()];
    if (isLast && drawn) {
      this.endPath();
      this.told.drawn(drawn);
    } else if (!isLast) {
      this.path.push(corner);
      this.areas.replaceChildren(...rings.outline(this.drawn()));
      this.told.explain(`${this.path.length} points; ${HELP[this.tool as "area"]}`);
    }
  }

  /** The color that is shown at a place. */
  private colorAt(place: Point): string {
    const [column, row] = this.onCanvas(this.after, place);
    return colorOf(this.after, column, row);
  }

  private onCanvas(canvas: HTMLCanvasElement, [x, y]: Point): Point {
    return [
      Math.floor(((x + 0.5) / this.size.width) * canvas.width),
      Math.floor(((y + 0.5) / this.size.height) * canvas.height),
    ];
  }

  /** Lays the picture out: all of it at zoom 1, and never less than the frame is covered with. */
  private place(): void {
    const [width, height] = this.box();
    const [room, high] = [this.frame.clientWidth, this.frame.clientHeight];
    const clip = (offset: number, side: number, room: number) =>
      side <= room ? (room - side) / 2 : Math.min(Math.max(offset, room - side), 0);
    this.offset = [
      clip(this.offset[0], width * this.zoom, room),
      clip(this.offset[1], height * this.zoom, high),
    ];
    const { style } = this.picture;
    style.width = `${width * this.zoom}px`;
    style.height = `${height * this.zoom}px`;
    style.translate = `${this.offset[0]}px ${this.offset[1]}px`;
    const border = ((this.split / 100) * room - this.offset[0]) / (width * this.zoom);
    style.setProperty("--split", `${Math.min(Math.max(100 * border, 0), 100)}%`);
    this.frame.classList.toggle("zoomed", this.zoom > 1);
    const pixels = (width * this.zoom * devicePixelRatio) / this.after.width;
    this.picture.classList.toggle("pixels", pixels > 3);
  }

  /** Width and height of the picture on the screen at zoom 1. */
  private box(): Point {
    const { clientWidth, clientHeight } = this.frame;
    const scale = Math.min(clientWidth / this.size.width, clientHeight / this.size.height);
    return [this.size.width * scale, this.size.height * scale];
  }

  private middle(): Point {
    return [this.frame.clientWidth / 2, this.frame.clientHeight / 2];
  }

  private onFrame({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.frame.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  private onFrameOf([x, y]: Point): Point {
    const { left, top } = this.frame.getBoundingClientRect();
    const [right, down] = this.onScreen([x, y]);
    return [right - left, down - top];
  }

  private onScreen([x, y]: Point): Point {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    return [
      left + ((x + 0.5) / this.size.width) * width,
      top + ((y + 0.5) / this.size.height) * height,
    ];
  }

  /** The pixel of the photograph under the pointer, or the nearest one. */
  private onPhotograph({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    const clip = (share: number, side: number) =>
      Math.min(Math.max(Math.floor(share * side), 0), side - 1);
    return [
      clip((clientX - left) / width, this.size.width),
      clip((clientY - top) / height, this.size.height),
    ];
  }
}

/** Draws a picture on a canvas, which takes its size. */
export function draw(canvas: HTMLCanvasElement, image: ImageBitmap | HTMLCanvasElement): void {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d", { willReadFrequently: true })!.drawImage(image, 0, 0);
  if (image instanceof ImageBitmap) image.close();
}

/** The mean color around a pixel of a canvas, as "#rrggbb". */
export function colorOf(canvas: HTMLCanvasElement, column: number, row: number): string {
  const pixels = canvas.getContext("2d")!.getImageData(column - 1, row - 1, 3, 3).data;
  const shown = Array.from({ length: 9 }, (_, at) => at * 4).filter((at) => pixels[at + 3]);
  const mean = (channel: number) =>
    Math.round(shown.reduce((sum, at) => sum + pixels[at + channel], 0) / shown.length);
  return `#${[0, 1, 2].map((channel) => mean(channel).toString(16).padStart(2, "0")).join("")}`;
}
