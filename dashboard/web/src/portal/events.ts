/** Reads server-sent events of routes that want a token, which a browser's own EventSource can't send. */

import { addressOf, refusal } from "../api/client.ts";
import type { Session } from "./session.ts";

const RETRY_MS = 1_500;

export interface ServerEvent {
  event: string;
  data: string;
}

/** Listen until `stop` is told; comes back by itself after a break. `told` hears of each event, `state` whether it is connected. */
export function listen(session: Session, path: string, inPath: Record<string, string>, told: (event: ServerEvent) => void, state: (up: boolean, problem: unknown) => void): () => void {
  const ending = new AbortController();
  void (async () => {
    while (!ending.signal.aborted) {
      try {
        await session.withToken(async (token) => {
          const response = await fetch(addressOf(path, inPath, undefined), { headers: token === null ? {} : { Authorization: `Bearer ${token}` }, signal: ending.signal });
          if (!response.ok || response.body === null) throw await refusal(response);
          state(true, null);
          await read(response.body, told);
        });
        state(false, null);
      } catch (error) {
        if (!ending.signal.aborted) state(false, error);
      }
      if (!ending.signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
  return () => ending.abort();
}

async function read(body: ReadableStream<Uint8Array>, told: (event: ServerEvent) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const { events, left } = parsed(rest + value);
    rest = left;
    for (const event of events) told(event);
  }
}

/** The whole events at the beginning of a text, and what is left of it. */
export function parsed(text: string): { events: ServerEvent[]; left: string } {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const left = blocks.pop() ?? "";
  const events = blocks.map((block) => {
    const found = { event: "message", data: [] as string[] };
    for (const line of block.split("\n")) {
      const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (name === "event") found.event = value;
      if (name === "data") found.data.push(value);
    }
    return { event: found.event, data: found.data.join("\n") };
  });
  return { events: events.filter(({ data }) => data !== ""), left };
}
