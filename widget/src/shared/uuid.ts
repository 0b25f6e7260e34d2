/**
 * Returns a random UUID. It is the end of the address of a blob, because `crypto.randomUUID` exists only on
 * pages with TLS.
 */
export function uuid(): string {
  const url = URL.createObjectURL(new Blob())
  URL.revokeObjectURL(url)
  return url.slice(-36)
}
