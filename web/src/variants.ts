// The strip of other plausible colorings below the picture, which are made while one looks.

import { draw } from "./view";

const COUNT = 6;
const SETTLED = 400; // milliseconds without a change, after which they are made

export class Variants {
  private readonly buttons: HTMLButtonElement[];
  private timer = 0;

  constructor(
    private readonly strip: HTMLElement,
    choose: (variant: number) => void,
  ) {
    this.buttons = Array.from({ length: COUNT }, (_, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(document.createElement("canvas"));
      button.ariaLabel = index ? `Variant ${index + 1}` : "The usual colors";
      button.title = button.ariaLabel;
      button.onclick = () => choose(index + 1);
      return button;
    });
    strip.append(...this.buttons);
  }

  /** Shows which one is chosen. */
  mark(variant: number): void {
    this.buttons.forEach((button, index) => (button.ariaPressed = String(variant === index + 1)));
  }

  /** Hides them until they are made anew. */
  hide(): void {
    clearTimeout(this.timer);
    this.strip.hidden = true;
    for (const button of this.buttons) button.querySelector("canvas")!.width = 0;
  }

  /**
   * Shows them, and makes them anew once this was not called for a while.
   *
   * @param paint - makes one; undefined if it is no longer wanted, which ends the making.
   */
  make(paint: (variant: number) => Promise<ImageBitmap | undefined>): void {
    clearTimeout(this.timer);
    this.strip.hidden = false;
    this.timer = window.setTimeout(async () => {
      for (const [index, button] of this.buttons.entries()) {
        const picture = await paint(index + 1).catch(() => this.hide()); // this network has none
        if (!picture) return;
        draw(button.querySelector("canvas")!, picture);
      }
    }, SETTLED);
  }
}
