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

/** Who has once signed in here is asked to sign in; who has not, to make an account. */
const BEEN = "mqttown.been";

export function keep(kept: Kept): void {
  localStorage.setItem(PLACE, JSON.stringify(kept));
  localStorage.setItem(BEEN, "yes");
}

/** Where somebody goes who wants to take part: to their residents, or to an account if this browser knows of none. */
export function wayIn(): string {
  return localStorage.getItem(BEEN) === null ? "#/sign-up" : "#/residents";
}

const SEEN = "mqttown.seen";

/** Whether this browser comes for the first time; from then on it does not. */
export function isFirstVisit(): boolean {
  try {
    const first = localStorage.getItem(SEEN) === null;
    localStorage.setItem(SEEN, "1");
    return first;
  } catch {
    // A browser that keeps nothing knows nobody; it need not be greeted each time.
    return false;
  }
}

/** The session that is kept here; null if nobody is signed in. */
export function readKept(): Kept | null {
  const text = localStorage.getItem(PLACE);
  try {
    return text === null ? null : (JSON.parse(text) as Kept);
  } catch {
    return null;
  }
}
