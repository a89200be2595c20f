/** The light of an hour and a weather, shared by everything that is drawn. */

import { Color, Vector3 } from "three";

/** One hour of the day: what comes from everywhere, what comes from the sun (or the moon), and the sky. */
interface Hour {
  at: number;
  ambient: string;
  sun: string;
  horizon: string;
  zenith: string;
  night: number;
}

const HOURS: readonly Hour[] = [
  { at: 0, ambient: "#4a5278", sun: "#38446c", horizon: "#27304f", zenith: "#131a33", night: 1 },
  { at: 5, ambient: "#50577c", sun: "#3a466e", horizon: "#2f3757", zenith: "#171e3a", night: 1 },
  { at: 6.2, ambient: "#a896a6", sun: "#b0705c", horizon: "#e8b49a", zenith: "#7d86ad", night: 0.62 },
  { at: 7.4, ambient: "#c9bdb3", sun: "#a08058", horizon: "#f6d9b8", zenith: "#b4c6cf", night: 0.12 },
  { at: 10, ambient: "#d0ccc2", sun: "#9a8a68", horizon: "#f3e9d8", zenith: "#c3d8de", night: 0 },
  { at: 14, ambient: "#d0ccc2", sun: "#9a8a68", horizon: "#f3e9d8", zenith: "#bfd6df", night: 0 },
  { at: 17, ambient: "#cfc0ae", sun: "#a87f50", horizon: "#f7dfba", zenith: "#bccbd0", night: 0.03 },
  { at: 18.6, ambient: "#b493a0", sun: "#b2694c", horizon: "#f0a67e", zenith: "#7f7fa6", night: 0.5 },
  { at: 19.8, ambient: "#6e6a92", sun: "#484d78", horizon: "#5b557e", zenith: "#2b3158", night: 0.9 },
  { at: 21.5, ambient: "#4e567c", sun: "#3a466e", horizon: "#2d3658", zenith: "#151c37", night: 1 },
  { at: 24, ambient: "#4a5278", sun: "#38446c", horizon: "#27304f", zenith: "#131a33", night: 1 },
];
/** How much of the sun a weather lets through. */
const THROUGH: Record<string, number> = { clear: 1, cloudy: 0.55, rain: 0.32, snow: 0.6, fog: 0.4 };
/** In which air, by weather: from where and over which way it thickens, as shares of the distance, and how much it hides. */
const CLEAR_AIR = [0.85, 1.1, 0.4] as const;
const AIR: Record<string, readonly [from: number, over: number, most: number]> = {
  cloudy: [0.8, 1.1, 0.45], rain: [0.6, 0.9, 0.6], snow: [0.55, 0.8, 0.65], fog: [0.3, 0.45, 0.88], none: [1, 1, 0],
};
const SUNRISE = 6;
const SUNSET = 19;
/** The longest shadow of what is one metre high, metres. */
export const LONGEST = 2.4;
const GREY = new Color("#b9bcbf");

/** Uniforms; every material refers to these very objects. */
export const light = {
  uToSun: { value: new Vector3(0, 1, 0) },
  uSun: { value: new Color(1, 1, 1) },
  uAmbient: { value: new Color(1, 1, 1) },
  uNight: { value: 0 },
  uHorizon: { value: new Color() },
  uZenith: { value: new Color() },
  uShadow: { value: 0.25 },
  /** where the shadow of a thing one metre high ends, metres east and south */
  uShift: { value: new Vector3() },
  /** the air between: from how many metres on it is seen, how fast it thickens (1/m), how much it hides at most */
  uHaze: { value: new Vector3(1000, 0.001, 0) },
  /** seconds of town time, for what moves by itself */
  uTime: { value: 0 },
};

/** Set the light for a minute of the day (0 to 1440, with fractions) and a weather. */
export function lightAt(minute: number, weather: string): void {
  const hour = (((minute / 60) % 24) + 24) % 24;
  const next = HOURS.findIndex((entry) => entry.at > hour);
  const [a, b] = [HOURS[next - 1]!, HOURS[next]!];
  const share = (hour - a.at) / (b.at - a.at);
  const between = (from: string, to: string, into: Color): Color => into.set(from).lerp(new Color(to), share);
  const through = THROUGH[weather] ?? 1;
  light.uNight.value = Math.min(1, a.night + (b.night - a.night) * share + (1 - through) * 0.12);
  const dull = (1 - through) * 0.5 * (1 - light.uNight.value);
  between(a.ambient, b.ambient, light.uAmbient.value).lerp(GREY, dull * 0.4).multiplyScalar(1.04 + 0.2 * (1 - through));
  between(a.sun, b.sun, light.uSun.value).multiplyScalar(1.4 * (0.3 + 0.7 * through));
  between(a.horizon, b.horizon, light.uHorizon.value).lerp(GREY, dull);
  between(a.zenith, b.zenith, light.uZenith.value).lerp(GREY, dull);
  sunAt(hour);
  light.uShadow.value = (0.12 + 0.2 * through) * (1 - 0.45 * light.uNight.value);
}

/** Let the air be as thick as the weather has it, for an eye that looks from `distance` metres. */
export function airAt(distance: number, weather: string): void {
  const [from, over, most] = AIR[weather] ?? CLEAR_AIR;
  light.uHaze.value.set(distance * from, 1 / (distance * over + 150), most);
}

/** The sun goes from east over south to west; by night a moon stands where the sun would be at ten. */
function sunAt(hour: number): void {
  const day = hour > SUNRISE && hour < SUNSET;
  const share = day ? (hour - SUNRISE) / (SUNSET - SUNRISE) : 0.35;
  const azimuth = Math.PI * share;
  const height = 0.28 + 0.5 * Math.sin(Math.PI * share);
  const [east, south] = [Math.cos(azimuth), Math.sin(azimuth) * 0.8 + 0.2];
  light.uToSun.value.set(east, height * 1.6, south).normalize();
  const { x, y, z } = light.uToSun.value;
  const length = Math.min(1 / y, LONGEST);
  light.uShift.value.set(-x * length, 0, -z * length);
}

/** GLSL for corners and pixels. Colours are linear; normals have length 1. */
export const LIT_GLSL = /* glsl */ `
uniform vec3 uToSun, uSun, uAmbient, uHorizon, uZenith, uHaze;
uniform float uNight, uTime;
vec3 lightOn(vec3 normal) {
  return uAmbient * (0.86 + 0.14 * normal.y) + uSun * max(dot(normal, uToSun), 0.0);
}
// By night eyes see less of colours.
vec3 dimmed(vec3 colour) {
  return mix(colour, dot(colour, vec3(0.25, 0.55, 0.2)) * vec3(0.88, 0.95, 1.2), 0.45 * uNight);
}
vec3 lit(vec3 colour, vec3 normal) {
  return dimmed(colour * lightOn(normal));
}
float hash12(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * 0.1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
`;

/**
 * GLSL that every pixel's shader begins with. `shown` is sRGB by three square roots, within half a percent (Chilliant 2012, "sRGB approximations
 * for HLSL"): without a GPU the three powers of the exact curve cost more than all else about a pixel of the ground.
 */
export const LIGHT_GLSL = `${LIT_GLSL}
vec3 hazed(vec3 colour) {
  float thick = clamp((1.0 / gl_FragCoord.w - uHaze.x) * uHaze.y * 0.5, 0.0, 1.0);
  return mix(colour, mix(uHorizon, uZenith, 0.3), uHaze.z * thick * (2.0 - thick));
}
vec4 shown(vec3 colour, float opacity) {
  vec3 once = sqrt(max(colour, 0.0));
  vec3 twice = sqrt(once);
  return vec4(0.585122381 * once + 0.783140355 * twice - 0.368262736 * sqrt(twice), opacity);
}
`;
