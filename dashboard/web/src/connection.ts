/** Keeps the store fed: the map once, then the live stream for as long as the page is open. */

import { TOLD } from "./prose.ts";
import type { Store } from "./store.ts";
import type { Frame, Snapshot, TownEvent, TownMap } from "./types.ts";

/** The server says something every 10 s; three times that without a word is a dead connection. */
const SILENCE_MS = 30_000;
const RETRY_MS = 1_500;

export async function connect(store: Store): Promise<() => void> {
  let stopped = false;
  while (!stopped) {
    try {
      store.setTown(await fetchJson<TownMap>("/api/v1/town"));
      store.setProblem(null);
      break;
    } catch (error) {
      store.setProblem(`The map can't be loaded (${error instanceof Error ? error.message : String(error)}); trying again.`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  const stream = new Stream(store);
  return () => {
    stopped = true;
    stream.close();
  };
}

class Stream {
  private source: EventSource | null = null;
  private watchdog = 0;
  private retry = 0;
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
    this.open();
  }

  close(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
    this.source?.close();
  }

  private open(): void {
    this.close();
    const source = new EventSource("/api/v1/stream");
    this.source = source;
    source.addEventListener("open", () => this.heard());
    source.addEventListener("beat", () => this.heard());
    source.addEventListener("snapshot", (message) => {
      this.heard();
      this.store.begin(JSON.parse(message.data) as Snapshot);
      void this.recall();
    });
    source.addEventListener("frame", (message) => {
      this.heard();
      this.store.apply(JSON.parse(message.data) as Frame);
    });
    source.addEventListener("error", () => {
      this.store.setConnection("lost");
      // The browser comes back by itself with Last-Event-ID, unless the answer was an error.
      if (source.readyState === EventSource.CLOSED) this.again();
    });
  }

  private heard(): void {
    this.store.setConnection("live");
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => {
      this.store.setConnection("lost");
      this.open();
    }, SILENCE_MS);
  }

  private again(): void {
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.open(), RETRY_MS);
  }

  private async recall(): Promise<void> {
    const kinds = TOLD.map((kind) => `kind=${kind}`).join("&");
    try {
      const page = await fetchJson<{ items: TownEvent[] }>(`/api/v1/events?order=desc&limit=80&${kinds}`);
      this.store.remember(page.items);
    } catch (error) {
      console.warn("the feed begins empty:", error);
    }
  }
}

async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return (await response.json()) as T;
}
