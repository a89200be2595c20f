/** The page's words in the watcher's language. */

import i18next from "i18next";
import { en } from "./en.ts";
import { pseudo } from "./pseudo.ts";
import { sv } from "./sv.ts";

/** Every language has every key. */
export type Words = { readonly [Key in keyof typeof en]: string };
/** Keys of a table as they are asked for: those that differ by number without their ending. */
export type KeysOf<Table> = Exclude<keyof Table & string, `${string}_one` | `${string}_other`> | (keyof Table extends infer K ? (K extends `${infer Stem}_one` ? Stem : never) : never);
export type Key = KeysOf<typeof en>;

export const LANGUAGES = { en: "English", sv: "Svenska" } as const;
export type Language = keyof typeof LANGUAGES | "pseudo";

export interface Speak<Known extends string = Key> {
  (key: Known, values?: Record<string, string | number>): string;
  language: Language;
  euros(cents: number): string;
  /** A weekday with its date. */
  day(date: Date): string;
  weekday(date: Date): string;
  /** Whether there are words for a key that was put together. */
  has(key: string): key is Known;
}

const table = i18next.createInstance({
  lng: "en", fallbackLng: false, keySeparator: false, nsSeparator: false, interpolation: { escapeValue: false },
  resources: {
    en: { translation: en }, sv: { translation: sv },
    pseudo: { translation: Object.fromEntries(Object.entries(en).map(([key, text]) => [key, pseudo(text)])) },
  },
});
void table.init();

/** Take in the words of a part that is loaded later. */
export function learn(words: Record<keyof typeof LANGUAGES, Record<string, string>>): void {
  for (const [language, more] of Object.entries(words)) table.addResourceBundle(language, "translation", more);
  table.addResourceBundle("pseudo", "translation", Object.fromEntries(Object.entries(words.en).map(([key, text]) => [key, pseudo(text)])));
}

const spoken = new Map<Language, Speak>();

export function speak(language: Language): Speak {
  const known = spoken.get(language);
  if (known !== undefined) return known;
  const say = table.getFixedT(language);
  const place = language === "pseudo" ? "en" : language;
  const money = new Intl.NumberFormat(place, { style: "currency", currency: "EUR" });
  const made = Object.assign((key: Key, values?: Record<string, string | number>): string => String(say(key, values ?? {})), {
    language,
    euros: (cents: number) => money.format(cents / 100),
    day: (date: Date) => date.toLocaleDateString(place, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }),
    weekday: (date: Date) => date.toLocaleDateString(place, { weekday: "long", timeZone: "UTC" }),
    has: (key: string): key is Key => table.exists(key),
  });
  spoken.set(language, made);
  return made;
}

/** The language that a link or the browser asks for. */
export function chosenLanguage(asked: string | null, preferred: readonly string[]): Language {
  const wanted = [...(asked === null ? [] : [asked]), ...preferred].map((name) => name.toLowerCase().split("-")[0]);
  return (wanted.find((name) => name === "pseudo" || (name !== undefined && name in LANGUAGES)) as Language | undefined) ?? "en";
}
