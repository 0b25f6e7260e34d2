// Builds ../src/sitechat/static/sitechat/site-chat.js, and fails when it grows past its limit.
import { readFile, writeFile } from "node:fs/promises"
import { gzipSync } from "node:zlib"
import { build, transform } from "esbuild"
import { minify } from "terser"

const LIMIT = 16 * 1024
const LICENCES =
  "/* MIT: django-sitechat; streaming-markdown, Damian Tarnawski; eventsource-parser, Espen Hovlandsdal */"
const target = new URL("../src/sitechat/static/sitechat/site-chat.js", import.meta.url)

const OWN = [
  ..."actions adopt announce arrived changed composer doing element emit ended failure follow follower forget".split(" "),
  ..."grown memory notice panel paint place refresh release restore resume scroller setRunning shown".split(" "),
  ..."stopping suspend toEnd until verbatim".split(" "),
]

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
  target: ["chrome123", "firefox128", "safari18"],
  minify: true,
  // names that only we use: streaming-markdown's fields, and our own that are neither the DOM's
  // nor the contract's
  mangleProps: new RegExp(`^(?:[a-z]+_[a-z]+|${OWN.join("|")})$`),
  reserveProps: /^re(?:try_after|sets_in)$/,
  pure: ["console.assert"],
  charset: "utf8",
  legalComments: "none",
  plugins: [inlineCss],
  write: false,
})
// esbuild bundles; terser's inlining takes another twentieth off
const { code } = await minify(outputFiles[0].text, {
  ecma: 2020,
  compress: { passes: 3, keep_fargs: false, pure_getters: true, unsafe_arrows: true },
  format: { preamble: LICENCES },
})
const script = Buffer.from(code + "\n")
const size = gzipSync(script, { level: 9 }).length
console.log(`site-chat.js: ${script.length} bytes, ${size} gzip (at most ${LIMIT})`)
await writeFile(target, script)
if (size > LIMIT) {
  console.error("site-chat.js is too large")
  process.exitCode = 1
}
