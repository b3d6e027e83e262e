// The dialog that offers colors for a place: the likely ones, named ones, and any other.

import type { Likely } from "./engine";
import { colorOf, draw } from "./view";

const NAMED: Readonly<Record<string, string>> = {
  skin: "#c99a80",
  "dark skin": "#7a5140",
  grass: "#5f7a3a",
  sky: "#7fa6cf",
  water: "#4f7f8c",
  brick: "#9a5540",
  wood: "#8a6542",
  brass: "#b8923f",
  denim: "#4a5f80",
  red: "#b03030",
  navy: "#2f3a5c",
  gray: "#808080",
};

/** What the dialog tells the page. */
export interface Told {
  set(color: string): void;
  remove(): void;
  /** The next click on the picture is to pick a color. */
  pick(): void;
  closed(): void;
}

export class Colors {
  private readonly likely: HTMLElement;
  private readonly any: HTMLInputElement;
  private readonly removing: HTMLButtonElement;
  private asked = 0; // counts what was asked, so that late answers are told from the last

  constructor(
    private readonly box: HTMLElement,
    private readonly other: HTMLDialogElement, // shows another picture to pick from
    private readonly told: Told,
  ) {
    const find = <Kind extends HTMLElement>(name: string) => box.querySelector<Kind>(name)!;
    this.likely = find("#likely");
    this.any = find("#any");
    this.removing = find("#remove-mark");
    find("#named").append(...Object.entries(NAMED).map(([name, color]) => this.swatch(color, name)));
    this.any.onchange = () => told.set(this.any.value);
    this.removing.onclick = () => told.remove();
    find("#pick").onclick = () => told.pick();
    find("#done").onclick = () => this.close();
    find<HTMLInputElement>("#other-file").onchange = ({ target }) => {
      const chooser = target as HTMLInputElement;
      if (chooser.files?.[0]) void this.pickFrom(chooser.files[0]);
      chooser.value = "";
    };
    box.onkeydown = (event) => {
      if (event.key === "Escape") this.close();
    };
  }

  /** Opens beside a place of the screen; `color` is that of an existing mark. */
  open(beside: DOMRect, color: string, guess?: Promise<Likely[]>): void {
    this.any.value = color || "#808080";
    this.removing.hidden = !color;
    this.box.hidden = false;
    this.place(beside);
    this.box.focus();
    void this.offer(guess);
  }

  get isOpen(): boolean {
    return !this.box.hidden;
  }

  close(): void {
    if (!this.isOpen) return;
    this.asked++;
    this.box.hidden = true;
    this.told.closed();
  }

  /** Says that the place has a color now. */
  took(color: string): void {
    this.any.value = color;
    this.removing.hidden = false;
  }

  private async offer(guess?: Promise<Likely[]>): Promise<void> {
    const now = ++this.asked;
    const section = this.likely.parentElement!;
    section.hidden = !guess;
    if (!guess) return;
    this.likely.textContent = "looking …";
    try {
      const found = await guess;
      if (now !== this.asked) return;
      this.likely.replaceChildren(
        ...found.map(({ color, probability }) =>
          this.swatch(color, `${Math.max(Math.round(probability * 100), 1)} %`),
        ),
      );
    } catch {
      if (now === this.asked) section.hidden = true; // this network tells none
    }
  }

  private swatch(color: string, name: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "swatch";
    button.style.setProperty("--color", color);
    button.textContent = name;
    button.ariaLabel = `${name}, ${color}`;
    button.onclick = () => this.told.set(color);
    return button;
  }

  private place(beside: DOMRect): void {
    const { width, height } = this.box.getBoundingClientRect();
    const gap = 24; // pixels between the place and the dialog
    const left = beside.x + gap + width < innerWidth ? beside.x + gap : beside.x - gap - width;
    const top = Math.min(Math.max(beside.y - height / 3, 8), innerHeight - height - 8);
    this.box.style.setProperty("--left", `${Math.max(left, 8)}px`);
    this.box.style.setProperty("--top", `${Math.max(top, 8)}px`);
  }

  /** Shows another picture, of which a click picks a color. */
  private async pickFrom(file: File): Promise<void> {
    const canvas = this.other.querySelector("canvas")!;
    const error = this.other.querySelector("p")!;
    error.textContent = "Click a color of this picture.";
    try {
      draw(canvas, await createImageBitmap(file));
    } catch {
      error.textContent = `${file.name} cannot be shown here; choose a JPEG, PNG or WebP.`;
      canvas.width = canvas.height = 0;
    }
    canvas.onclick = (event) => {
      const { width, height } = canvas.getBoundingClientRect();
      const column = Math.floor((event.offsetX / width) * canvas.width);
      const row = Math.floor((event.offsetY / height) * canvas.height);
      this.other.close();
      this.told.set(colorOf(canvas, column, row));
    };
    this.other.showModal();
  }
}
