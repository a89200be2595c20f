/** What a browser is called in the list of where somebody is signed in. */

/** By what stands in its User-Agent; the first that is found counts, since many also name those that they are like. */
const BROWSERS = { Edg: "Edge", OPR: "Opera", SamsungBrowser: "Samsung Internet", Firefox: "Firefox", FxiOS: "Firefox", CriOS: "Chrome", Chrome: "Chrome", Safari: "Safari" } as const;
const SYSTEMS = { iPhone: "iPhone", iPad: "iPad", Android: "Android", CrOS: "ChromeOS", Windows: "Windows", "Mac OS": "macOS", Linux: "Linux" } as const;
const LONGEST = 80;

/** A browser and its system in two words, `Firefox, Linux`; what it says of itself where it is none that is known. */
export function browserOf(agent: string): string {
  const found = [BROWSERS, SYSTEMS].map((known) => Object.entries(known).find(([mark]) => agent.includes(mark))?.[1]);
  const words = found.filter((word) => word !== undefined);
  return words.length > 0 ? words.join(", ") : agent.slice(0, LONGEST);
}
