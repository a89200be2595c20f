/** The operators' own words, beside the page's and the portal's. */

import { useWords as usePortalWords, type Say as SayOfPortal } from "../portal/text.ts";
import { learn, type KeysOf } from "../text/text.ts";
import { en } from "./words/en.ts";
import { sv } from "./words/sv.ts";

export type Words = { readonly [Name in keyof typeof en]: string };
type Own = KeysOf<typeof en>;
/** Says also what the portal says. */
export type Say = SayOfPortal & ((key: Own, values?: Record<string, string | number>) => string);

learn({ en, sv });

/** The words of page, portal and operation in the chosen language. */
export function useWords(): Say {
  return usePortalWords() as Say;
}

/** A number as it is written where the reader is. */
export function amount(number: number, t: SayOfPortal, digits = 0): string {
  return number.toLocaleString(t.language === "pseudo" ? "en" : t.language, { maximumFractionDigits: digits });
}
