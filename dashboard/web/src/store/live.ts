/** Keeps the store fed with the present: the live stream for as long as the page is open, resumed after every break. */

import type { Frame, Snapshot } from "../api/types.ts";
import { TOLD } from "../feed/prose.ts";
import type { Live } from "../time/player.ts";
import type { Source } from "./source.ts";
import type { Store } from "./store.ts";

/** The server says something every 10 s; three times that without a word is a dead connection. */
const SILENCE_MS = 30_000;
const RETRY_MS = 1_500;
const REMEMBERED = 300;

export class Stream implements Live {
  private source: EventSource | null = null;
  private watchdog = 0;
  private retry = 0;
  private readonly store: Store;
  private readonly past: Source;

  constructor(store: Store, past: Source) {
    this.store = store;
    this.past = past;
  }

  start(): void {
    this.stop();
    const source = new EventSource("/api/v1/stream");
    this.source = source;
    source.addEventListener("open", () => this.heard());
    source.addEventListener("beat", () => this.heard());
    source.addEventListener("snapshot", (message) => {
      this.heard();
      this.store.begin(JSON.parse(message.data) as Snapshot, this.store.get().replay === null ? this.store.get().feed : []);
      void this.recall();
    });
    source.addEventListener("frame", (message) => {
      this.heard();
      this.store.apply(JSON.parse(message.data) as Frame);
    });
    source.addEventListener("error", () => {
      this.store.set({ connection: "lost" });
      // The browser comes back by itself with Last-Event-ID, unless the answer was an error.
      if (source.readyState === EventSource.CLOSED) this.retry = window.setTimeout(() => this.start(), RETRY_MS);
    });
  }

  stop(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  private heard(): void {
    if (this.store.get().connection !== "live") this.store.set({ connection: "live" });
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => {
      this.store.set({ connection: "lost" });
      this.start();
    }, SILENCE_MS);
  }

  private async recall(): Promise<void> {
    try {
      const events = await this.past.events({ kind: [...TOLD, "need"], limit: REMEMBERED });
      if (this.source !== null) this.store.remember(events);
    } catch (error) {
      console.warn("the feed begins empty:", error);
    }
  }
}
