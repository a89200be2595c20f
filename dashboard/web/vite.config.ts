import { defineConfig } from "vite";

export default defineConfig({
  build: { outDir: "../mqttown_dashboard/static/app", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1200 },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
