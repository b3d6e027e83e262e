// The photographs of the visitor, as a strip of thumbnails, and what is chosen for each.

import { type Choice, USUAL } from "./choice";
import { type Opened, THUMBNAIL } from "./engine";

/** What is chosen for a photograph now, and what can be undone and redone. */
export class History {
  private readonly past: Choice[] = [];
  private future: Choice[] = [];
  constructor(public now: Choice = USUAL) {}

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Whether nothing was chosen. */
  get isUsual(): boolean {
    const names = Object.keys({ ...USUAL, ...this.now }) as (keyof Choice)[];
    return names.every((name) =>
      name === "marks" ? !this.now.marks.length : this.now[name] === USUAL[name],
    );
  }

  set(choice: Choice): void {
    this.past.push(this.now);
    this.future = [];
    this.now = choice;
  }

  undo(): void {
    const before = this.past.pop();
    if (!before) return;
    this.future.push(this.now);
    this.now = before;
  }

  redo(): void {
    const after = this.future.pop();
    if (!after) return;
    this.past.push(this.now);
    this.now = after;
  }
}

export interface Photo {
  readonly file: File;
  readonly history: History;
  readonly item: HTMLLIElement;
  /** Why it cannot be shown. */
  reason?: string;
  size?: Pick<Opened, "width" | "height" | "kept">;
  /** Whether its thumbnail is in color. */
  tinted?: boolean;
}

/** Shows a photograph in color in the strip. */
export function tint(photo: Photo, painted: ImageBitmap): void {
  const canvas = photo.item.querySelector("canvas");
  if (!canvas) return;
  const scale = THUMBNAIL / Math.max(painted.width, painted.height);
  canvas.width = Math.max(Math.round(painted.width * scale), 1);
  canvas.height = Math.max(Math.round(painted.height * scale), 1);
  const target = canvas.getContext("2d")!;
  target.imageSmoothingQuality = "high";
  target.drawImage(painted, 0, 0, canvas.width, canvas.height);
  photo.tinted = true;
}

export class Album {
  readonly photos: Photo[] = [];

  constructor(
    private readonly strip: HTMLElement,
    private readonly show: (photo: Photo) => void,
    private readonly remove: (photo: Photo) => void,
  ) {}

  /** The photographs that are not known to be bad. */
  get good(): Photo[] {
    return this.photos.filter((photo) => !photo.reason);
  }

  add(file: File): Photo {
    const item = document.createElement("li");
    const photo: Photo = { file, history: new History(), item };
    const [open, away] = [document.createElement("button"), document.createElement("button")];
    open.type = away.type = "button";
    open.className = "thumbnail";
    open.append(document.createElement("canvas"), named(file.name));
    open.onclick = () => this.show(photo);
    away.className = "away";
    away.textContent = "×";
    away.ariaLabel = `Remove ${file.name}`;
    away.title = "Remove";
    away.onclick = () => this.remove(photo);
    item.append(open, away);
    this.strip.append(item);
    this.photos.push(photo);
    return photo;
  }

  drop(photo: Photo): void {
    photo.item.remove();
    this.photos.splice(this.photos.indexOf(photo), 1);
  }

  /** Says why a photograph cannot be shown, where it would stand. */
  fail(photo: Photo, reason: string): void {
    photo.reason = reason;
    const text = document.createElement("p");
    text.textContent = reason;
    photo.item.querySelector(".thumbnail")!.replaceWith(text);
  }

  /** The good photograph before or after another, around the ends. */
  beside(photo: Photo | undefined, step: number): Photo | undefined {
    const { good } = this;
    const at = photo ? good.indexOf(photo) : 0;
    return good[(at + step + good.length) % good.length];
  }

  mark(current: Photo | undefined): void {
    for (const { item } of this.photos) {
      const button = item.querySelector<HTMLElement>(".thumbnail");
      if (button) button.ariaCurrent = String(item === current?.item);
    }
    current?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function named(name: string): HTMLElement {
  const label = document.createElement("span");
  label.textContent = name;
  return label;
}
