// Builds ../src/sitechat/static/sitechat/site-chat.js, and fails when it grows past its limit.
import { readFile, writeFile } from "node:fs/promises"
import { gzipSync } from "node:zlib"
import { build, transform } from "esbuild"

const LIMIT = 16 * 1024
const target = new URL("../src/sitechat/static/sitechat/site-chat.js", import.meta.url)

const inlineCss = {
  name: "inline-css",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css\?inline$/ }, ({ path }) => ({
      path: new URL(path.replace("?inline", ""), new URL("./src/", import.meta.url)).pathname,
      namespace: "inline-css",
    }))
    onLoad({ filter: /.*/, namespace: "inline-css" }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true })
      return { contents: code.trim(), loader: "text" }
    })
  },
}

const { outputFiles } = await build({
  entryPoints: [new URL("./src/site-chat.ts", import.meta.url).pathname],
  bundle: true,
  format: "iife",
  target: ["chrome123", "firefox128", "safari17.5"],
  minify: true,
  charset: "utf8",
  pure: ["console.assert"],
  legalComments: "none",
  banner: {
    js: "/* django-sitechat, MIT licence. With streaming-markdown (c) Damian Tarnawski and eventsource-parser (c) Espen Hovlandsdal, MIT licence. */",
  },
  plugins: [inlineCss],
  write: false,
})
const script = outputFiles[0].contents
const size = gzipSync(script, { level: 9 }).length
console.log(`site-chat.js: ${script.length} bytes, ${size} gzip (at most ${LIMIT})`)
await writeFile(target, script)
if (size > LIMIT) {
  console.error("site-chat.js is too large")
  process.exitCode = 1
}
