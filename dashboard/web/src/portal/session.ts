/** Who is signed in here: keeps the tokens of a session, and asks the API with them. Tabs share one session. */

import { call, RefusedError, type Answer, type Given, type Method, type PathOf } from "../api/client.ts";
import { useParts } from "../store/context.ts";
import { keep, PLACE, readKept } from "../store/kept.ts";
import type { Store } from "../store/store.ts";
import { browserOf } from "./browser.ts";
import { forgetDrafts } from "./drafting.ts";

const EARLY_MS = 20_000;

export class Session {
  private readonly store: Store;
  private refreshing: Promise<string | null> | null = null;

  constructor(store: Store) {
    this.store = store;
    addEventListener("storage", ({ key }) => {
      if (key === PLACE || key === null) store.set({ me: readKept()?.name ?? null });
    });
  }

  async signIn(name: string, password: string, code?: string): Promise<void> {
    const told = await call("post", "/api/v1/sessions", { body: { name, password, client: browserOf(navigator.userAgent), ...(code !== undefined && code !== "" && { code }) } });
    this.keep(name, told);
    this.store.set({ me: name });
  }

  /** End the session, here and there. */
  async signOut(): Promise<void> {
    try {
      await this.ask("delete", "/api/v1/sessions/current");
    } finally {
      forgetDrafts(readKept()?.name ?? "");
      this.forget();
    }
  }

  /** Forget the session here. */
  forget(): void {
    localStorage.removeItem(PLACE);
    this.store.set({ me: null });
  }

  /** Ask as whoever is signed in; a token that is over is changed for another. */
  async ask<M extends Method, Path extends PathOf<M>>(method: M, path: Path, given?: Given<M, Path>): Promise<Answer<M, Path>> {
    return this.withToken((token) => call(method, path, given, token));
  }

  /** Do something with an access token, and once more with a fresh one if it was over. */
  async withToken<Found>(work: (token: string | null) => Promise<Found>): Promise<Found> {
    const token = await this.token(null);
    try {
      return await work(token);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 401 || token === null) throw error;
      const fresh = await this.token(token);
      if (fresh === null) throw error;
      return work(fresh);
    }
  }

  private async token(bad: string | null): Promise<string | null> {
    const kept = readKept();
    if (kept === null) return null;
    if (kept.access !== bad && Date.now() < kept.until - EARLY_MS) return kept.access;
    this.refreshing ??= alone(() => this.refresh(kept.access)).finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async refresh(old: string): Promise<string | null> {
    const now = readKept();
    if (now === null || now.access !== old) return now?.access ?? null; // another tab was faster
    try {
      const told = await call("post", "/api/v1/sessions/refresh", { body: { refresh_token: now.refresh } });
      this.keep(now.name, told);
      return told.access_token;
    } catch (error) {
      if (error instanceof RefusedError && error.status === 401) {
        this.forget();
        return null;
      }
      throw error;
    }
  }

  private keep(name: string, told: { access_token: string; refresh_token: string; expires_in: number }): void {
    keep({ name, access: told.access_token, refresh: told.refresh_token, until: Date.now() + told.expires_in * 1000 });
  }
}

const sessions = new WeakMap<Store, Session>();

/** The one session of this page. */
export function useSession(): Session {
  const { store } = useParts();
  const known = sessions.get(store) ?? new Session(store);
  sessions.set(store, known);
  return known;
}

/** One tab at a time. Without HTTPS browsers have no such locks; there two tabs may rarely refresh at once, and have to sign in again. */
async function alone<Found>(work: () => Promise<Found>): Promise<Found> {
  return "locks" in navigator ? navigator.locks.request(PLACE, work) : work();
}
