/** What can be changed by hand: the fields that each intervention takes, and the body that is sent. */

import type { components } from "../api/schema.ts";

type Schemas = components["schemas"];
export type Intervention = Schemas["Door"] | Schemas["Price"] | Schemas["Wage"] | Schemas["Rule"] | Schemas["Plant"] | Schemas["Broadcast"] | Schemas["Cut"] | Schemas["Mend"] | Schemas["Weather"] | Schemas["Remove"] | Schemas["Add"];
export type Kind = Intervention["do"];

export interface Entry {
  /** as it is sent */
  name: string;
  label: "building" | "item" | "cents" | "job" | "name" | "rule" | "value" | "agent" | "id" | "agents" | "text" | "from" | "to" | "both" | "words" | "weather" | "district" | "home" | "like" | "purse";
  form: "id" | "text" | "number" | "list" | "choice" | "check";
  /** whose ids are suggested */
  of?: "buildings" | "agents" | "districts" | "jobs";
  options?: readonly string[];
  hint?: "everywhere" | "list" | "everybody" | "words" | "chosen" | "rule" | "mend" | "jobs";
  optional?: true;
}

const PLACE: Entry = { name: "building", label: "building", form: "id", of: "buildings" };
const WORDS: Entry = { name: "text", label: "text", form: "text" };
const CENTS: Entry = { name: "cents", label: "cents", form: "number" };
const NAME: Entry = { name: "name", label: "name", form: "id" };
const ALL = { form: "list", of: "agents", hint: "everybody", optional: true } as const;

export const KINDS: Readonly<Record<Kind, readonly Entry[]>> = {
  close: [PLACE],
  open: [PLACE],
  usual: [PLACE],
  price: [{ name: "item", label: "item", form: "id" }, CENTS, { ...PLACE, hint: "everywhere", optional: true }],
  wage: [{ name: "job", label: "job", form: "id", of: "jobs", hint: "jobs" }, CENTS],
  rule: [{ name: "name", label: "rule", form: "choice", options: ["levy", "rich", "poor", "earshot"], hint: "rule" }, { name: "value", label: "value", form: "number" }],
  plant: [{ name: "agent", label: "agent", form: "id", of: "agents" }, WORDS],
  broadcast: [WORDS],
  cut: [NAME, { name: "from", label: "from", ...ALL }, { name: "to", label: "to", ...ALL }, { name: "both", label: "both", form: "check" }, { name: "words", label: "words", form: "list", hint: "words", optional: true }],
  mend: [{ ...NAME, hint: "mend" }],
  weather: [{ name: "weather", label: "weather", form: "choice", options: ["clear", "cloudy", "rain", "snow", "fog"] }],
  remove: [{ name: "agents", label: "agents", form: "list", of: "agents", hint: "list" }],
  add: [
    { name: "agent", label: "id", form: "id" }, { ...NAME, form: "text" },
    { name: "district", label: "district", form: "id", of: "districts", hint: "chosen", optional: true },
    { name: "job", label: "job", form: "id", of: "jobs", optional: true }, { name: "like", label: "like", form: "id", of: "agents", optional: true }, { name: "purse", label: "purse", form: "number", optional: true },
  ],
};

/** What is sent; fields that were left empty are left out. */
export function bodyOf(kind: Kind, fields: Readonly<Record<string, string>>): Intervention {
  const body: Record<string, unknown> = { do: kind };
  for (const { name, form } of KINDS[kind]) {
    const text = (fields[name] ?? "").trim();
    if (form === "check") body[name] = text !== "";
    else if (text === "") continue;
    else if (form === "number") body[name] = Number(text);
    else if (form === "list") body[name] = text.split(",").map((one) => one.trim()).filter((one) => one !== "");
    else body[name] = text;
  }
  return body as unknown as Intervention;
}
