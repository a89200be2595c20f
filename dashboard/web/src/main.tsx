/** Starts the page. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { connect } from "./connection.ts";
import { Store } from "./store.ts";
import "./style.css";

const store = new Store(() => performance.now());
void connect(store);
const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <App store={store} />
  </StrictMode>,
);
