import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// the parsers as they are shipped: their development builds are several times slower
process.env["NODE_ENV"] = "production"

export default defineConfig({
  resolve: {
    alias: {
      "decode-named-character-reference": fileURLToPath(new URL("src/markdown/entities.ts", import.meta.url)),
    },
  },
  test: {
    environment: "happy-dom",
    testTimeout: 60_000,
    include: ["test/**/*.test.ts"],
    // the alias is meant for micromark, too
    server: { deps: { inline: [/micromark|mdast/] } },
  },
})
