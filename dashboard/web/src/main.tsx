/** Starts the page of a running town. */

import { lazy } from "react";
import { get } from "./api/client.ts";
import { start } from "./start.tsx";
import { Stream } from "./store/live.ts";
import { RunningTown } from "./store/running.ts";
import "./style.css";

const rooms = {
  Portal: lazy(() => import("./portal/Portal.tsx")),
  Claim: lazy(() => import("./portal/Claim.tsx")),
  Reflections: lazy(() => import("./portal/Reflections.tsx")),
};
const source = new RunningTown();
start({ source, live: (store) => new Stream(store, source), map: () => get("/api/v1/town"), address: location.search, rooms });
