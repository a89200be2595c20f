/** Turning the pages of a long list: on to the next, and back to the first. */

export function Pages({ at, next, first, more, turn }: { at: string | null; next: string | null; first: string; more: string; turn: (cursor: string | null) => void }) {
  return (
    <p className="choices">
      {at !== null && <button type="button" className="quiet" onClick={() => turn(null)}>{first}</button>}
      {next !== null && <button type="button" className="quiet" onClick={() => turn(next)}>{more}</button>}
    </p>
  );
}
