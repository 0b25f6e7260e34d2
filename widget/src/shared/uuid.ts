/** Returns a random UUID: the end of a blob's address. `crypto.randomUUID` needs TLS. */
export function uuid(): string {
  const url = URL.createObjectURL(new Blob())
  URL.revokeObjectURL(url)
  return url.slice(-36)
}
