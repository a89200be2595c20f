import { defineConfig } from "vite";

/** The player of recordings: one script and one style sheet that `mqttown record` puts into the page with the recording. */
export default defineConfig({
  build: {
    outDir: "../mqttown_dashboard/static/record", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1200, cssCodeSplit: false,
    rolldownOptions: { input: "src/record.tsx", output: { format: "iife", entryFileNames: "record.js", assetFileNames: "record[extname]" } },
  },
});
