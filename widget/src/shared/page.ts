/** The page that the visitor is on, as the server may know it. */
export function describePage(): { url: string; title: string } {
  return { url: location.href.slice(0, 2000), title: document.title.slice(0, 300) }
}
