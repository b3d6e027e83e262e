// Calls from the page to its worker, answered one after the other.

import type { Choice, Size } from "./choice";
import type { Likely } from "./engine";
import type { Files } from "./network";

/** Photographs are named by numbers that the page gives them. */
export type Name = number;

/** The worker's tasks. An error there rejects the promise with its message. */
export interface Tasks {
  start(files: Files): Promise<void>;
  /** Takes a photograph, which is read when it is needed. */
  take(name: Name, file: File): Promise<void>;
  open(name: Name): Promise<Size & { inColor: boolean; before: ImageBitmap }>;
  thumbnail(name: Name): Promise<ImageBitmap>;
  paint(name: Name, choice: Choice, side: number): Promise<ImageBitmap>;
  likely(name: Name, choice: Choice, x: number, y: number): Promise<Likely[]>;
  /** Does what takes the time of `paint` and does not depend on the colors of marks. */
  prepare(name: Name, choice: Choice): Promise<void>;
  /** The photograph in full size, encoded. */
  save(name: Name, choice: Choice, type: string): Promise<Blob>;
  forget(name: Name): Promise<void>;
}

export type Call = { id: number; task: keyof Tasks; values: unknown[] };
export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: string }
  | { progress: string };

type Waiting = { resolve: (value: never) => void; reject: (error: Error) => void };

/** The worker's tasks as functions of the page. */
export function connect(worker: Worker, progress: (text: string) => void): Tasks {
  const waiting = new Map<number, Waiting>();
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if ("progress" in data) return progress(data.progress);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) call?.reject(new Error(data.error));
    else call?.resolve(data.value as never);
  };
  worker.onerror = () => {
    const error = new Error("Colorizing stopped unexpectedly; reload the page");
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };
  let last = 0;
  const ask = (task: keyof Tasks) => (...values: unknown[]) => {
    const id = ++last;
    worker.postMessage({ id, task, values } satisfies Call);
    return new Promise<never>((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  return {
    start: ask("start"),
    take: ask("take"),
    open: ask("open"),
    thumbnail: ask("thumbnail"),
    paint: ask("paint"),
    likely: ask("likely"),
    prepare: ask("prepare"),
    save: ask("save"),
    forget: ask("forget"),
  };
}
