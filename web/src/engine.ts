// What colorizes for the page: the visitor's browser (local.ts), or the app's server (remote.ts).

import type { Choice, Size } from "./choice";

export interface Opened extends Size {
  /** Why it is left as it is unless the visitor wants it colorized; such as "in color already". */
  kept: string | null;
  /** The photograph as it was given, at screen size. */
  before: ImageBitmap;
}

export interface Likely {
  /** As "#rrggbb", at the photograph's lightness. */
  color: string;
  /** In [0, 1]. */
  probability: number;
}

/** What does the work cannot be reached, which says nothing about the photograph. */
export class Unreachable extends Error {}

/** Every task may throw an error with a message for the visitor. */
export interface Engine {
  /** What is kept of photographs, and where: a sentence for the page. */
  readonly privacy: string;
  /** What the page says at its end. */
  readonly about: string;
  /** For an input of files. */
  readonly accept: string;
  /** Formats of downloads, by suffix; none if a download has its photograph's. */
  readonly formats: Readonly<Record<string, string>>;
  /** Whether it tells likely colors and variants, and takes colors from pictures. */
  readonly can: { guess: boolean; take: boolean };
  /** Prepares it; `progress` gets what takes its time. */
  start(progress: (text: string) => void): Promise<void>;
  /** Reads a photograph. */
  open(file: File): Promise<Opened>;
  /** A small picture of a photograph. */
  thumbnail(file: File): Promise<ImageBitmap>;
  /** The photograph in color, the long side of at most `side` pixels. */
  paint(file: File, choice: Choice, side: number): Promise<ImageBitmap>;
  /** The likely colors of a place, in pixels of the photograph; the most likely first. */
  likely(file: File, choice: Choice, x: number, y: number): Promise<Likely[]>;
  /** The photograph in color and in full size, as a file with its name. */
  save(file: File, choice: Choice, format: string): Promise<File>;
  /** Frees what is kept of a photograph. */
  forget(file: File): void;
}

export const SCREEN = 1600; // pixels; the longer side of a photograph on the page
export const SKETCH = 640; // of a picture that shows a change until one of `SCREEN` is there
export const THUMBNAIL = 240; // pixels, in the strips

/** The name of a download: NAME-color.SUFFIX. */
export function nameOf(file: File, suffix: string): string {
  return `${stem(file)}-color.${suffix}`;
}

/** A file's name without its suffix. */
export function stem(file: File): string {
  return file.name.replace(/\.[^.]*$/, "");
}
