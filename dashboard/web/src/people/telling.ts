/** While no picture is drawn somebody must still let the past play and tell tests what is there. */

import { useEffect } from "react";
import { tellWords } from "../picture/facts.ts";
import { useParts } from "../store/context.ts";
import type { Store } from "../store/store.ts";

const EVERY_MS = 200;

export function useTelling(store: Store): void {
  const { player } = useParts();
  useEffect(() => {
    const step = (): void => {
      player.step(performance.now());
      tellWords(store);
    };
    step();
    const timer = setInterval(step, EVERY_MS);
    return () => clearInterval(timer);
  }, [store, player]);
}
