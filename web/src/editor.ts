// The photograph that is looked at: paints it as it is chosen, and lets its colors be chosen.

import { engine } from "engine";

import { type Photo, tint } from "./album";
import type { Choice, Mark } from "./choice";
import { Colors } from "./colors";
import { SCREEN, SKETCH, THUMBNAIL } from "./engine";
import { middle } from "./rings";
import { complain, element, say } from "./status";
import { Variants } from "./variants";
import { View } from "./view";

const NARROW = 768; // pixels, as in style.css

export class Editor {
  shown?: Photo;
  private editing?: { mark: Mark; index: number }; // the mark whose color is being chosen
  private side = SCREEN; // pixels; of the picture in color
  private stale = false; // whether the choice has changed since the picture was last painted
  private painting = false;
  private sketched?: Choice; // what was painted last, at least as a sketch

  readonly view = new View(
    element("view"),
    element("picture"),
    element<HTMLCanvasElement>("before"),
    element<HTMLCanvasElement>("after"),
    document.querySelector<SVGSVGElement>("#areas")!,
    element("marks"),
    {
      drawn: (mark) => this.choose(mark, -1),
      chosen: (index) => this.choose(this.now.marks[index], index),
      moved: (index, mark) => this.replace(index, [mark]),
      removed: (index) => {
        this.colors.close();
        this.replace(index, []);
      },
      picked: (color) => this.setColor(color),
      zoomed: (wanted) => this.enlarge(wanted),
      explain: say,
    },
  );
  private readonly colors = new Colors(element("colors"), element<HTMLDialogElement>("other"), {
    set: (color) => this.setColor(color),
    remove: () => {
      const index = this.editing?.index ?? -1;
      this.colors.close();
      if (index >= 0) this.replace(index, []);
    },
    pick: () => this.setPicking(true),
    closed: () => {
      const index = this.editing?.index ?? -1;
      this.editing = undefined;
      this.setPicking(false);
      this.refresh();
      this.view.focus(index);
    },
  });
  private readonly variants = new Variants(element("variants"), (variant) => this.set({ variant }));

  /**
   * @param refreshed - brings the controls of the page in line with what is chosen.
   * @param setBusy - is told when the picture begins and ends to be painted.
   * @param idle - ends when nothing else has to be made that comes before the variants.
   */
  constructor(
    private readonly refreshed: () => void,
    private readonly setBusy: (change: 1 | -1) => void,
    private readonly idle: () => Promise<void>,
  ) {}

  /** What is chosen for the photograph. */
  get now(): Choice {
    return this.shown!.history.now;
  }

  /** Whether the photograph is left as it is, since it is in color already. */
  get isKept(): boolean {
    return Boolean(this.shown?.size?.kept) && !this.now.recolor;
  }

  /** Turns to another photograph, or to none; `open` shows it once it was read. */
  turn(photo?: Photo): void {
    this.colors.close();
    this.shown = photo;
    this.side = SCREEN;
    this.view.clear();
    this.variants.hide();
  }

  open(before: ImageBitmap): void {
    this.view.open(this.shown!.size!, before);
    this.changed();
  }

  /** Changes what is chosen, as one step that can be undone. */
  set(change: Partial<Choice>): void {
    if (!this.shown) return;
    this.shown.history.set({ ...this.now, ...change });
    this.changed();
  }

  /** Shows a change while a slider is dragged, which is no step yet. */
  preview(change: Partial<Choice>): void {
    this.shown!.history.now = { ...this.now, ...change };
    void this.repaint();
  }

  travel(way: "undo" | "redo"): void {
    if (!this.shown) return;
    this.colors.close();
    this.shown.history[way]();
    this.changed();
  }

  changed(): void {
    complain("");
    this.refresh();
    void this.repaint();
    this.vary();
  }

  /** Ends the picking of a color; says whether there was one. */
  cancel(): boolean {
    const { picks } = this.view;
    if (picks) this.setPicking(false);
    return picks;
  }

  private refresh(): void {
    if (this.shown?.size) this.view.mark(this.now.marks, this.editing?.mark);
    this.refreshed();
  }

  /** Replaces a mark by others, or adds them if there is none of that index. */
  private replace(index: number, others: Mark[]): void {
    const marks = [...this.now.marks];
    if (index < 0) marks.push(...others);
    else marks.splice(index, 1, ...others);
    this.set({ marks });
  }

  /** Opens the dialog of colors for a new mark, or for one that is there. */
  private choose(mark: Mark, index: number): void {
    if (!this.shown?.size || this.isKept) return;
    this.colors.close();
    this.editing = { mark, index };
    this.refresh();
    const { marks } = this.now;
    const others = { ...this.now, marks: index < 0 ? marks : marks.toSpliced(index, 1) };
    const [x, y] = middle(mark).map(Math.round);
    const guess = engine.can.guess ? engine.likely(this.shown.file, others, x, y) : undefined;
    guess?.catch(() => {}); // the dialog tells
    // Where colors are offered at the bottom of the screen, the picture moves to its top.
    if (innerWidth < NARROW) element("view").scrollIntoView({ block: "start" });
    const lightness = this.view.lightnessOf(mark);
    const [at, picture] = [this.view.at(mark), element("view").getBoundingClientRect()];
    this.colors.open({ at, picture, color: mark.color, lightness, guess });
  }

  private setColor(color: string): void {
    this.setPicking(false);
    if (!this.editing) return;
    const mark = { ...this.editing.mark, color };
    const { index } = this.editing;
    this.editing = { mark, index: index < 0 ? this.now.marks.length : index };
    this.replace(index, [mark]);
    this.colors.took(color);
  }

  private setPicking(picks: boolean): void {
    this.view.picks = picks;
    document.body.classList.toggle("picking", picks);
    say(picks ? "Click a color of the picture; Escape cancels" : "");
  }

  /** Paints a larger picture, if that shows more of the photograph. */
  private enlarge(wanted: number): void {
    if (!this.shown?.size) return;
    const full = Math.max(this.shown.size.width, this.shown.size.height);
    const side = wanted > SCREEN && full > SCREEN ? full : SCREEN;
    const isLarger = side > this.side;
    this.side = side;
    if (isLarger) void this.repaint();
  }

  /** Paints the photograph as chosen; again if the choice changes meanwhile. */
  private async repaint(): Promise<void> {
    this.stale = true;
    if (this.painting) return;
    this.painting = true;
    this.setBusy(1);
    while (this.stale && this.shown) {
      this.stale = false;
      const photo = this.shown;
      const choice = this.isKept ? { ...this.now, strength: 0 } : this.now;
      try {
        const { width, height } = photo.size!;
        const sketches = this.now !== this.sketched && Math.max(width, height) > SKETCH;
        this.sketched = this.now;
        for (const side of sketches ? [SKETCH, this.side] : [this.side]) {
          const painted = await engine.paint(photo.file, choice, side);
          tint(photo, painted);
          if (photo === this.shown) this.view.show(painted);
          else painted.close();
          if (this.stale) break;
        }
      } catch (error) {
        complain(error);
      }
    }
    this.painting = false;
    this.setBusy(-1);
  }

  /** Makes the variants again if the choice has changed. */
  private vary(): void {
    if (!this.shown) return;
    const [photo, choice] = [this.shown, this.now];
    this.variants.mark(choice.variant);
    if (!engine.can.guess || this.isKept || choice.from) return this.variants.hide();
    this.variants.make(async (variant) => {
      await this.idle();
      if (photo !== this.shown || choice !== this.now) return undefined;
      return engine.paint(photo.file, { ...choice, variant }, THUMBNAIL);
    });
  }
}
