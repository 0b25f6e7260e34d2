/**
 * Returns a random UUID, which the address of a blob ends with. `crypto.randomUUID` exists only on
 * pages with TLS.
 */
export function uuid(): string {
  const url = URL.createObjectURL(new Blob())
  URL.revokeObjectURL(url)
  return url.slice(-36)
}
