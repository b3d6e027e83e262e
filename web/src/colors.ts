// The dialog that offers colors for a place: the likely ones, named ones, and any other.

import { nameOf } from "./colornames";
import type { Likely } from "./engine";
import { fromHex, toHex } from "./lab";
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
  blue: "#2a5db0",
  gray: "#808080",
};
const RECENT = 6;
const STEP = 0.04; // share of the longer side that an arrow key moves by in another picture

/** What the dialog tells the page. */
export interface Told {
  set(color: string): void;
  remove(): void;
  /** The next click on the picture is to pick a color. */
  pick(): void;
  closed(): void;
}

/** What is known of the place. */
export interface Place {
  /** Where it is on the screen, and where the picture is. */
  at: DOMRect;
  picture: DOMRect;
  /** The color that was set there; none if empty. */
  color: string;
  /** L* there, which stays as it is. */
  lightness: number;
  guess?: Promise<Likely[]>;
}

export class Colors {
  private readonly likely: HTMLElement;
  private readonly used: HTMLElement;
  private readonly any: HTMLInputElement;
  private readonly removing: HTMLElement;
  private asked = 0; // counts what was asked, so that late answers are told from the last
  private recent: string[] = [];
  private lightness = 50;
  private where?: Pick<Place, "at" | "picture">;

  constructor(
    private readonly box: HTMLElement,
    private readonly other: HTMLDialogElement, // shows another picture to pick from
    private readonly told: Told,
  ) {
    this.likely = this.find("#likely");
    this.used = this.find("#used");
    this.any = this.find("#any");
    this.removing = this.find("#remove-mark");
    this.any.onchange = () => this.take(this.any.value);
    this.removing.onclick = () => told.remove();
    this.find("#pick").onclick = () => told.pick();
    this.find("#done").onclick = () => this.close();
    this.find<HTMLInputElement>("#other-file").onchange = ({ target }) => {
      const chooser = target as HTMLInputElement;
      if (chooser.files?.[0]) void this.pickFrom(chooser.files[0]);
      chooser.value = "";
    };
    box.onkeydown = (event) => {
      const isRemoving = event.key === "Delete" || event.key === "Backspace";
      if (event.key === "Escape") this.close();
      else if (isRemoving && !this.removing.hidden) told.remove();
    };
  }

  open({ at, picture, color, lightness, guess }: Place): void {
    this.lightness = lightness;
    this.any.value = color || "#808080";
    this.removing.hidden = !color;
    const named = Object.entries(NAMED).map(([name, each]) => this.swatch(each, name, name));
    this.find("#named").replaceChildren(...named);
    this.offerRecent();
    this.box.hidden = false;
    this.where = { at, picture };
    this.place();
    this.box.focus({ preventScroll: true });
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
    this.place();
    this.recent = [color, ...this.recent.filter((each) => each !== color)].slice(0, RECENT);
  }

  private find<Kind extends HTMLElement>(name: string): Kind {
    return this.box.querySelector<Kind>(name)!;
  }

  private take(color: string): void {
    this.told.set(color);
  }

  private offerRecent(): void {
    this.used.parentElement!.hidden = !this.recent.length;
    this.used.replaceChildren(...this.recent.map((color) => this.swatch(color, "", nameOf(color))));
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
      const swatches = found.map(({ color, probability }) => {
        const share = `${Math.max(Math.round(probability * 100), 1)} %`;
        return this.swatch(color, share, `${nameOf(color)}, ${share} likely`);
      });
      this.likely.replaceChildren(...swatches);
      this.place();
    } catch {
      if (now === this.asked) section.hidden = true; // this network tells none
    }
  }

  /** A button for a color, which shows it as light or dark as the place is. */
  private swatch(color: string, text: string, name: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "swatch";
    const [, a, b] = fromHex(color);
    button.style.setProperty("--color", toHex(this.lightness, a, b));
    button.textContent = text;
    button.ariaLabel = button.title = name;
    button.value = color;
    button.onclick = () => this.take(color);
    return button;
  }

  /** Puts the dialog beside the picture if there is room, else beside the place. */
  private place(): void {
    const { at, picture } = this.where!;
    const { width, height } = this.box.getBoundingClientRect();
    const gap = 24; // pixels between the place and the dialog
    const choices = [picture.right + 8, picture.left - 8 - width, at.x + gap];
    const left = choices.find((x) => x >= 8 && x + width + 8 <= innerWidth) ?? at.x - gap - width;
    const top = Math.min(Math.max(at.y - height / 3, 8), innerHeight - height - 8);
    this.box.style.setProperty("--left", `${Math.max(left, 8)}px`);
    this.box.style.setProperty("--top", `${Math.max(top, 8)}px`);
  }

  /** Shows another picture, of which a click, or Enter at a ring, picks a color. */
  private async pickFrom(file: File): Promise<void> {
    const canvas = this.other.querySelector("canvas")!;
    const [text, ring] = [this.other.querySelector("p")!, this.other.querySelector("span")!];
    text.textContent = "Click a color of this picture; or move the ring with the arrow keys, and press Enter.";
    try {
      draw(canvas, await createImageBitmap(file));
    } catch {
      text.textContent = `${file.name} cannot be shown here; choose a JPEG, PNG or WebP.`;
      canvas.width = canvas.height = 0;
    }
    let [x, y] = [0.5, 0.5]; // shares of the sides
    const aim = () => Object.assign(ring.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    const pick = () => {
      this.other.close();
      this.take(colorOf(canvas, Math.floor(x * canvas.width), Math.floor(y * canvas.height)));
    };
    aim();
    canvas.onclick = ({ offsetX, offsetY }) => {
      [x, y] = [offsetX / canvas.clientWidth, offsetY / canvas.clientHeight];
      pick();
    };
    canvas.onkeydown = (event) => {
      const clip = (share: number) => Math.min(Math.max(share, 0), 0.999);
      if (event.key === "ArrowLeft") x = clip(x - STEP);
      else if (event.key === "ArrowRight") x = clip(x + STEP);
      else if (event.key === "ArrowUp") y = clip(y - STEP);
      else if (event.key === "ArrowDown") y = clip(y + STEP);
      else if (event.key === "Enter") pick();
      else return;
      event.preventDefault();
      aim();
    };
    this.other.showModal();
    canvas.focus();
  }
}
