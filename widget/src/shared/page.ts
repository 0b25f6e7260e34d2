/** Returns the visitor's page as the server gets it, with shortened texts. */
export function describePage(): { url: string; title: string } {
  return { url: location.href.slice(0, 2000), title: document.title.slice(0, 300) }
}
