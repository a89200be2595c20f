/** The portal's own words, beside the page's. */

import { useShown } from "../store/context.ts";
import { learn, speak, type Key, type KeysOf, type Speak } from "../text/text.ts";
import { en } from "./words/en.ts";
import { sv } from "./words/sv.ts";

export type Words = { readonly [Name in keyof typeof en]: string };
export type Say = Speak<Key | KeysOf<typeof en>>;

learn({ en, sv });

/** The words of page and portal in the chosen language. */
export function useWords(): Say {
  return speak(useShown((shown) => shown.language)) as Say;
}
