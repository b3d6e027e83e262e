// The module "engine" is local.ts or remote.ts, whichever vite.config.ts chooses.
declare module "engine" {
  export const engine: import("./engine").Engine;
}
