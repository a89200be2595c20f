/** Pause, go on, and the speed. */

import type { Clock } from "../api/types.ts";
import { Field, Form, Problem, useDeed } from "../portal/parts.tsx";
import { useSession } from "../portal/session.ts";
import { Sheet } from "../portal/Sheet.tsx";
import { amount, useWords } from "./text.ts";

const USUAL = [1, 60, 600, 3600];

export function Pace({ clock, again }: { clock: Clock; again: () => void }) {
  const t = useWords();
  const session = useSession();
  const { busy, problem, run } = useDeed();
  const running = clock.state === "running";
  const put = async (body: { state?: "running" | "paused"; speed?: number }): Promise<void> => {
    await session.ask("put", "/api/v1/operation/pace", { body });
    again();
  };
  return (
    <Sheet title={t("pace.title")}>
      <p><button type="button" className={running ? "danger" : "primary"} disabled={busy} onClick={() => void run(() => put({ state: running ? "paused" : "running" }))}>{t(running ? "pace.pause" : "pace.resume")}</button></p>
      <p className="choices"><span>{t("pace.now", { speed: amount(clock.speed, t, 2) })}</span> {USUAL.map((speed) => <button type="button" key={speed} className="quiet" aria-pressed={clock.speed === speed} disabled={busy} onClick={() => void run(() => put({ speed }))}>{amount(speed, t)}×</button>)}</p>
      <Problem of={problem} />
      <Form label={t("pace.set")} send={({ speed = "" }) => put({ speed: Number(speed) })}>
        <Field label={t("pace.speed")} hint={t("pace.speed.hint")} name="speed" type="number" min={0} max={1_000_000} step="any" required />
      </Form>
    </Sheet>
  );
}
