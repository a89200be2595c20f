/** Asks the API, with paths, parameters, bodies and answers typed from its OpenAPI document. */

import type { paths } from "./schema.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";
/** Paths that have a method. */
export type PathOf<M extends Method> = { [Path in keyof paths]: paths[Path] extends Record<M, object> ? Path : never }[keyof paths];
type Operation<M extends Method, Path extends keyof paths> = paths[Path] extends Record<M, infer Found> ? Found : never;
type Told<Responses, Status extends number> = Responses extends Record<Status, { content: { "application/json": infer Body } }> ? Body : never;
/** What an operation answers; text where it is no JSON, nothing where there is no content. */
export type Answer<M extends Method, Path extends keyof paths> = Operation<M, Path> extends { responses: infer Responses }
  ? Responses extends Record<204, unknown> ? (Responses extends Record<200, unknown> ? Told<Responses, 200> | undefined : undefined)
    : Responses extends Record<200, { content: { "application/yaml": string } }> ? string
      : Told<Responses, 200> | Told<Responses, 201>
  : never;
/** What is left out has a default. */
type Sent<Body> = Body extends readonly unknown[] | string | number | boolean | null ? Body : { [Key in keyof Body]?: Sent<Body[Key]> };
type BodyOf<Op> = Op extends { requestBody?: { content: infer Content } } ? (Content extends Record<"application/json", infer Body> ? Sent<Body> : Content extends Record<"application/octet-stream", unknown> ? Blob : Content[keyof Content]) : never;
export interface Given<M extends Method, Path extends keyof paths> {
  path?: Operation<M, Path> extends { parameters: { path?: infer InPath } } ? InPath : never;
  query?: Operation<M, Path> extends { parameters: { query?: infer InQuery } } ? InQuery : never;
  /** a string goes as YAML, a blob as it is, all else as JSON */
  body?: BodyOf<Operation<M, Path>>;
}
type Gets = { [Path in PathOf<"get">]: Answer<"get", Path> extends never ? never : Path }[PathOf<"get">];

/** An answer that is no success. */
export class RefusedError extends Error {
  readonly status: number;
  /** a stable word */
  readonly code: string;
  /** what is at fault, like `body.name` */
  readonly path: string | null;
  constructor(status: number, detail: string, code = "", path: string | null = null) {
    super(detail);
    this.status = status;
    this.code = code;
    this.path = path;
  }
}

/** GET a path that everybody may read. */
export async function get<Path extends Gets>(path: Path, given?: Given<"get", Path>): Promise<Answer<"get", Path>> {
  return call("get", path, given);
}

/** Ask for a path; names in braces are taken from `path`, lists in `query` are repeated. */
export async function call<M extends Method, Path extends PathOf<M>>(method: M, path: Path, given?: Given<M, Path>, token?: string | null): Promise<Answer<M, Path>> {
  const [type, body] = packed(given?.body);
  const headers: Record<string, string> = { ...(token != null && { Authorization: `Bearer ${token}` }) };
  if (type !== undefined) headers["Content-Type"] = type;
  const response = await fetch(addressOf(path, given?.path, given?.query), {
    method: method.toUpperCase(), headers, ...(body !== undefined && { body }),
  });
  if (!response.ok) throw await refusal(response);
  const told = response.headers.get("content-type") ?? "";
  return (response.status === 204 ? undefined : told.includes("json") ? await response.json() : await response.text()) as Answer<M, Path>;
}

/** A body as it is sent, with its media type before it. */
function packed(body: unknown): [type: string, body: Blob | string] | [] {
  if (body === undefined) return [];
  if (body instanceof Blob) return ["application/octet-stream", body];
  return typeof body === "string" ? ["application/yaml", body] : ["application/json", JSON.stringify(body)];
}

/** The address of a path with its parameters. */
export function addressOf(path: string, inPath: unknown, inQuery: unknown): string {
  const named = (inPath ?? {}) as Record<string, string | number>;
  const url = path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(String(named[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries((inQuery ?? {}) as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) query.append(name, String(one));
  }
  return query.size > 0 ? `${url}?${query.toString()}` : url;
}

/** Why an answer is no success, in the API's words. */
export async function refusal(response: Response): Promise<RefusedError> {
  const text = await response.text();
  try {
    const told = JSON.parse(text) as { detail?: unknown; code?: unknown; path?: unknown };
    return new RefusedError(response.status, String(told.detail ?? response.statusText), String(told.code ?? ""), typeof told.path === "string" ? told.path : null);
  } catch {
    return new RefusedError(response.status, `${response.status} ${response.statusText}`);
  }
}
