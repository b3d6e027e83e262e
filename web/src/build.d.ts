// Constants and modules that vite.config.ts defines.

declare const NETWORK: { size: number; stride: number; bytes: number };

declare module "network.tflite?url" {
  const url: string;
  export default url;
}
