/**
 * Builds the widget's files into ../src/sitechat/static/sitechat/, and fails if one is larger than
 * its limit.
 */
import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build, transform } from "esbuild"
import { minify } from "terser"

const FILES = [
  { name: "site-chat.js", entry: "launcher/index.ts", limit: 5 * 1024, licences: "django-sitechat" },
  {
    name: "site-chat-panel.js",
    entry: "panel.ts",
    limit: 45 * 1024,
    licences:
      "django-sitechat; micromark, mdast and what belongs to them, Titus Wormer; eventsource-parser, Espen Hovlandsdal",
  },
  { name: "site-chat-extras.js", entry: "extras.ts", limit: 10 * 1024, licences: "django-sitechat" },
]
const path = (name) => fileURLToPath(new URL(name, import.meta.url))

async function withImports(name) {
  const source = await readFile(name, "utf8")
  const parts = source.split(/@import "([^"]+)";/)
  const resolved = parts.map((part, index) =>
    index % 2 ? withImports(fileURLToPath(new URL(part, `file://${name}`))) : part,
  )
  return (await Promise.all(resolved)).join("")
}

/** A style sheet as text. Its `rem` is the visitor's own font size, never the page's root's. */
const inlineCss = {
  name: "inline-css",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css\?inline$/ }, ({ path: name, resolveDir }) => ({
      path: fileURLToPath(new URL(name.replace("?inline", ""), `file://${resolveDir}/`)),
      namespace: "inline-css",
    }))
    onLoad({ filter: /.*/, namespace: "inline-css" }, async ({ path: name }) => {
      const source = (await withImports(name))
        .split(/(@media[^{]*)/)
        .map((part) => (part.startsWith("@media") ? part : part.replace(/(-?[\d.]+)rem\b/g, "calc($1*var(--rem))")))
        .join("")
      const { code } = await transform(source, {
        loader: "css",
        minify: true,
        target: ["chrome123", "firefox128", "safari18"],
      })
      return { contents: code.trim(), loader: "text" }
    })
  },
}

/** Raw HTML stays text, so its grammar stays out: a twentieth of the panel. */
const withoutHtml = {
  name: "without-html",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/html-(?:flow|text)\.js$/ }, ({ path: name }) => ({ path: name, namespace: "without-html" }))
    onLoad({ filter: /.*/, namespace: "without-html" }, ({ path: name }) => ({
      contents: `export const ${name.includes("flow") ? "htmlFlow" : "htmlText"} = { tokenize: (effects, ok, nok) => nok }`,
    }))
  },
}

for (const { name, entry, limit, licences } of FILES) {
  const { outputFiles } = await build({
    entryPoints: [path(`src/${entry}`)],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: ["chrome123", "firefox128", "safari18"],
    minify: true,
    charset: "utf8",
    legalComments: "none",
    alias: { "decode-named-character-reference": path("src/markdown/entities.ts") },
    plugins: [inlineCss, withoutHtml],
    write: false,
  })
  // esbuild bundles; terser's inlining takes another twentieth off
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    compress: { passes: 3, keep_fargs: false, pure_getters: true, unsafe_arrows: true },
    format: { preamble: `/* MIT: ${licences} */` },
  })
  const script = Buffer.from(`${code}\n`)
  const size = gzipSync(script, { level: 9 }).length
  console.log(`${name}: ${script.length} bytes, ${size} gzip (at most ${limit})`)
  await writeFile(new URL(`../src/sitechat/static/sitechat/${name}`, import.meta.url), script)
  if (size > limit) {
    console.error(`${name} is too large`)
    process.exitCode = 1
  }
}
