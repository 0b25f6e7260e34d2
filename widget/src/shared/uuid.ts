/**
 * Returns a random UUID: the end of the address of a blob. `crypto.randomUUID` exists only on pages with
 * TLS.
 */
export function uuid(): string {
  const url = URL.createObjectURL(new Blob())
  URL.revokeObjectURL(url)
  return url.slice(-36)
}
