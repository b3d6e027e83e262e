// The rings on the picture, which mark the visitor's colors and can be moved, and outlines of areas.

import { type Mark, type Point, type Size, moved, points } from "./choice";
import { nameOf } from "./colornames";

export const STEP = 0.02; // share of the longer side that an arrow key moves by
export const DRAG = 4; // pixels; a shorter way of the pointer is a click
const SVG = "http://www.w3.org/2000/svg";

/** What the rings tell the page. */
export interface Told {
  /** A mark of the visitor's was chosen, to change its color. */
  chosen(index: number): void;
  moved(index: number, mark: Mark): void;
  removed(index: number): void;
}

export class Rings {
  /** Of the photograph. */
  size: Size = { width: 1, height: 1 };

  /** @param onPhotograph - the pixel of the photograph under the pointer. */
  constructor(
    private readonly box: HTMLElement, // as large as the picture
    private readonly told: Told,
    private readonly onPhotograph: (event: PointerEvent) => Point,
  ) {}

  /** Shows a ring for each mark, and for one more whose color is still to be chosen. */
  show(marks: readonly Mark[], pending?: Mark): void {
    const had = this.focused();
    this.box.replaceChildren(...marks.map((mark, index) => this.button(mark, index)));
    if (pending) this.add("pending", middle(pending));
    (this.box.children[had] as HTMLElement | undefined)?.focus();
  }

  /** Shows where the keyboard would place a mark. */
  aim(place: Point): void {
    this.box.querySelector(".cursor")?.remove();
    this.add("cursor", place);
  }

  /** The ring of a mark, if there is one. */
  at(index: number): HTMLElement | undefined {
    return this.box.querySelectorAll<HTMLElement>("button")[index];
  }

  private add(kind: string, place: Point): void {
    const ring = document.createElement("span");
    ring.className = `mark ${kind}`;
    this.pin(ring, place);
    this.box.append(ring);
  }

  /** The index of the mark whose button has the focus; -1 if none has. */
  private focused(): number {
    return [...this.box.children].indexOf(document.activeElement as Element);
  }

  private button(mark: Mark, index: number): HTMLButtonElement {
    const button = document.createElement("button");
    const [x, y] = middle(mark);
    const what = "x" in mark ? "Place" : "polygon" in mark ? "Area" : "Stroke";
    button.type = "button";
    button.className = "mark";
    button.ariaLabel = `${what} in ${nameOf(mark.color)}, ${Math.round(x)}, ${Math.round(y)}`;
    button.title = "Drag to move, Delete to remove";
    button.style.setProperty("--color", mark.color);
    this.pin(button, [x, y]);
    button.onclick = () => this.told.chosen(index);
    button.onkeydown = (event) => this.markKey(event, mark, index);
    button.onpointerdown = (event) => this.dragMark(event, button, mark, index);
    return button;
  }

  private pin(element: HTMLElement, [x, y]: Point): void {
    element.style.left = `${((x + 0.5) / this.size.width) * 100}%`;
    element.style.top = `${((y + 0.5) / this.size.height) * 100}%`;
  }

  private markKey(event: KeyboardEvent, mark: Mark, index: number): void {
    const step = event.shiftKey ? 1 : STEP * Math.max(this.size.width, this.size.height);
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (right || down) this.told.moved(index, moved(mark, right * step, down * step, this.size));
    else if (event.key === "Delete" || event.key === "Backspace") this.told.removed(index);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private dragMark(event: PointerEvent, button: HTMLElement, mark: Mark, index: number): void {
    event.stopPropagation();
    if (event.button) return;
    button.setPointerCapture(event.pointerId);
    const [fromX, fromY] = this.onPhotograph(event);
    let now = mark;
    button.onpointermove = (to) => {
      if (Math.hypot(to.clientX - event.clientX, to.clientY - event.clientY) < DRAG) return;
      const [x, y] = this.onPhotograph(to);
      now = moved(mark, x - fromX, y - fromY, this.size);
      this.pin(button, middle(now));
    };
    button.onpointercancel = () => {
      button.onpointermove = button.onpointerup = null;
      this.pin(button, middle(mark));
    };
    button.onpointerup = () => {
      button.onpointermove = button.onpointerup = null;
      if (now === mark) return;
      button.onclick = null; // the end of a drag is no click
      this.told.moved(index, now);
    };
  }
}

export const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where the button of a mark is: at its place, or in the middle of its points. */
export function middle(mark: Mark): Point {
  const all = points(mark);
  if ("stroke" in mark) return all[Math.floor(all.length / 2)];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(all.map(([x]) => x)), mean(all.map(([, y]) => y))];
}

/** The outline of an area; nothing of a place. */
export function outline(mark?: Mark): SVGElement[] {
  if (!mark || "x" in mark) return [];
  const shape = "polygon" in mark ? "polygon" : "polyline";
  const drawn = document.createElementNS(SVG, shape);
  drawn.setAttribute("points", points(mark).map((point) => point.join()).join(" "));
  if ("stroke" in mark) drawn.style.strokeWidth = String(mark.width);
  drawn.classList.add(shape);
  return [drawn];
}
