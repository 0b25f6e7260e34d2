/** Finds the lines of a text. */

/** Returns the index at which the line that contains `index` starts. */
export function startOfLine(source: string, index: number): number {
  return source.lastIndexOf("\n", index - 1) + 1
}

/** Returns the index after the line that starts at `from`; undefined if the line does not end before `to`. */
export function endOfLine(source: string, from: number, to = source.length): number | undefined {
  const end = source.indexOf("\n", from)
  return end < 0 || end >= to ? undefined : end + 1
}
