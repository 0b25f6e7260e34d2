/** Fetches the other scripts when they are first needed. */

import type { Part, Parts } from "../shared/host"

const script = document.currentScript
const installed: Partial<Parts> = {}
const loading: Partial<Record<Part, Promise<unknown> | undefined>> = {}

/** The script of a part calls this. */
export function installPart(create: unknown, part: Part): void {
  Object.assign(installed, { [part]: create })
}

/**
 * Resolves to what makes a part. Rejects if its script can't be had; the next call tries again.
 *
 * The address stands on our own script's tag, not on the element: whoever can write elements into
 * a page must not choose a script.
 */
export function loadPart<P extends Part>(part: P): Promise<Parts[P]> {
  loading[part] ??= fetchPart(part).catch((error: unknown) => {
    loading[part] = undefined
    throw error
  })
  return loading[part] as Promise<Parts[P]>
}

async function fetchPart(part: Part): Promise<unknown> {
  const tag =
    script instanceof HTMLScriptElement ? script : document.querySelector<HTMLScriptElement>("script[data-panel]")
  const url = new URL(tag?.dataset[part] ?? "", document.baseURI)
  try {
    // Trusted Types have nothing against it, and it carries our script's nonce
    await import(url.href)
  } catch (error) {
    if (url.origin === location.origin) throw error
    // another host without CORS: as a plain script
    await addScript(url.href, tag?.nonce ?? "")
  }
  return installed[part]
}

function addScript(url: string, nonce: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script")
    element.nonce = nonce
    element.onload = resolve
    element.onerror = reject
    element.src = url
    document.head.append(element)
  })
}
