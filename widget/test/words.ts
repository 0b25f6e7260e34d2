import type { Strings } from "../src/i18n/strings"

/** Strings that are their own names. */
export const WORDS: Strings = {
  translate: (word, values) => (values ? `${word} ${Object.values(values).join(" ")}` : word),
  count: (word, count) => `${word} ${count}`,
  ago: (date) => date,
  wait: (seconds) => `in ${seconds}`,
}
