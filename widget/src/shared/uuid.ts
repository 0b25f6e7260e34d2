/** A random UUID: browsers end a blob's address with one. Without TLS they have no randomUUID. */
export function uuid(): string {
  const url = URL.createObjectURL(new Blob())
  URL.revokeObjectURL(url)
  return url.slice(-36)
}
