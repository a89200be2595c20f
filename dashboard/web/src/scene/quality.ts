/** How much is drawn: what the watcher asked for, or what this machine bears. */

export type Quality = "auto" | "low" | "mid" | "high";
export const QUALITIES: readonly Quality[] = ["auto", "low", "mid", "high"];

export interface Tier {
  /** device pixels per CSS pixel, at most and at least */
  most: number;
  least: number;
  antialias: boolean;
  weather: boolean;
  /** whether small things have all their corners */
  fine: boolean;
  /** pictures that are farther apart, milliseconds, are too slow */
  slow: number;
  /** whether what is too slow may be lowered further */
  adapts: boolean;
}

/** Names under which renderers without a GPU go. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

export function tierOf(quality: Quality, renderer: string): Tier {
  const software = SOFTWARE.test(renderer);
  const chosen = quality === "auto" ? (software ? "low" : "high") : quality;
  const adapts = quality === "auto";
  // Where every pixel is computed, a few pictures a second are worth more sharpness than many.
  const slow = software ? 150 : 70;
  if (chosen === "low") return { most: 0.8, least: 0.5, antialias: false, weather: false, fine: false, adapts, slow };
  if (chosen === "mid") return { most: 1.25, least: 0.75, antialias: true, weather: true, fine: true, adapts, slow };
  return { most: 2, least: 0.75, antialias: true, weather: true, fine: true, adapts, slow };
}

/** What this browser draws with: the name of the renderer, empty if it does not tell; null where there is no WebGL 2. Asked once, for each answer costs a context. */
export function renderer(): string | null {
  if (found === undefined) found = ask();
  return found;
}

let found: string | null | undefined;

function ask(): string | null {
  let gl: WebGL2RenderingContext | null = null;
  try {
    gl = document.createElement("canvas").getContext("webgl2");
  } catch {
    return null;
  }
  if (gl === null) return null;
  const debug = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(debug === null ? gl.RENDERER : debug.UNMASKED_RENDERER_WEBGL));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}
