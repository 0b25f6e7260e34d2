/** Returns the address and title of the visitor's page, shortened for the server. */
export function describePage(): { url: string; title: string } {
  return { url: location.href.slice(0, 2000), title: document.title.slice(0, 300) }
}
