/** Starts the page of a recorded day: everything is in the page itself. */

import { start } from "./start.tsx";
import { RecordedTown, type Recording } from "./store/recorded.ts";
import "./style.css";

async function unpacked(): Promise<Recording> {
  const packed = document.getElementById("recording")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(packed.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).json()) as Recording;
}

void unpacked().then((recording) => {
  start({ source: new RecordedTown(recording), live: () => null, map: () => Promise.resolve(recording.town), address: location.hash.slice(1) });
});
