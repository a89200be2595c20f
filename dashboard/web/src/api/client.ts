/** Asks the API, with paths, parameters and answers typed from its OpenAPI document. */

import type { paths } from "./schema.ts";

type Gets = { [Path in keyof paths]: paths[Path] extends { get: { responses: { 200: { content: { "application/json": unknown } } } } } ? Path : never }[keyof paths];
type Get<Path extends Gets> = paths[Path] extends { get: infer Operation } ? Operation : never;
type Answer<Path extends Gets> = Get<Path> extends { responses: { 200: { content: { "application/json": infer Body } } } } ? Body : never;
type Given<Path extends Gets> = Get<Path> extends { parameters: { path?: infer InPath; query?: infer InQuery } } ? { path?: InPath; query?: InQuery } : never;

/** An answer that is no success. */
export class RefusedError extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** GET a path; names in braces are taken from `path`, lists in `query` are repeated. */
export async function get<Path extends Gets>(path: Path, given?: Given<Path>): Promise<Answer<Path>> {
  const named = (given?.path ?? {}) as Record<string, string | number>;
  const url = path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(String(named[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((given?.query ?? {}) as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) query.append(name, String(one));
  }
  const response = await fetch(query.size > 0 ? `${url}?${query.toString()}` : url);
  if (!response.ok) throw new RefusedError(response.status, await refusal(response));
  return (await response.json()) as Answer<Path>;
}

async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? response.statusText);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}
