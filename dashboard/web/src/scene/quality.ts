/** How much is drawn: what the watcher asked for, or what this machine bears. */

export type Quality = "auto" | "low" | "mid" | "high";
export const QUALITIES: readonly Quality[] = ["auto", "low", "mid", "high"];

export interface Tier {
  /** device pixels per CSS pixel, at most and at least */
  most: number;
  least: number;
  antialias: boolean;
  shadows: boolean;
  trees: boolean;
  weather: boolean;
  /** whether what is too slow may be lowered further */
  adapts: boolean;
}

/** Names under which renderers without a GPU go. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

export function tierOf(quality: Quality, renderer: string): Tier {
  const software = SOFTWARE.test(renderer);
  const chosen = quality === "auto" ? (software ? "low" : "high") : quality;
  const adapts = quality === "auto";
  if (chosen === "low") return { most: 0.8, least: 0.5, antialias: false, shadows: true, trees: true, weather: false, adapts };
  if (chosen === "mid") return { most: 1.25, least: 0.75, antialias: true, shadows: true, trees: true, weather: true, adapts };
  return { most: 2, least: 0.75, antialias: true, shadows: true, trees: true, weather: true, adapts };
}

/** Name of what draws here, as far as the browser tells. */
export function rendererName(): string {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (gl === null) return "";
  const debug = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(debug === null ? gl.RENDERER : debug.UNMASKED_RENDERER_WEBGL));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}

/** Whether this browser draws with WebGL 2. */
export function hasWebGl(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}
