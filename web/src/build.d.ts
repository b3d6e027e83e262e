// Constants and modules that vite.config.ts defines.

/** What vite.config.ts finds out about the network; `inputs` and `outputs` are counts of channels. */
declare const NETWORK: {
  size: number;
  stride: number;
  bytes: number;
  inputs: number[];
  outputs: number[];
};

declare module "network.tflite?url" {
  const url: string;
  export default url;
}
