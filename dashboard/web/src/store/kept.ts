/** The session that this browser keeps, over reloads and for all its tabs. */

export interface Kept {
  name: string;
  access: string;
  /** good once: a second use ends the session */
  refresh: string;
  /** when the access token is over, Unix milliseconds */
  until: number;
}

export const PLACE = "mqttown.session";

/** The session that is kept here; null if nobody is signed in. */
export function readKept(): Kept | null {
  const text = localStorage.getItem(PLACE);
  try {
    return text === null ? null : (JSON.parse(text) as Kept);
  } catch {
    return null;
  }
}
