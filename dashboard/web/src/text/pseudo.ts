/** English with accents, a third longer and in brackets: shows words that no table holds, and boxes that are too small. */

const ACCENTS: Readonly<Record<string, string>> = {
  a: "á", e: "é", i: "í", o: "ó", u: "ú", y: "ý", n: "ñ", c: "ç", s: "š", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú", N: "Ñ", C: "Ç", S: "Š",
};

export function pseudo(text: string): string {
  let letters = 0;
  const parts = text.split(/(\{\{\w+\}\})/).map((part) => {
    if (part.startsWith("{{")) return part;
    letters += part.trim().length;
    return part.replace(/[a-zA-Z]/g, (letter) => ACCENTS[letter] ?? letter);
  });
  return letters === 0 ? text : `⟦${parts.join("")}${"·".repeat(Math.ceil(letters / 3))}⟧`;
}
