/** The widget's words. The template tag hands them over, from Django's translations. */

export type Word =
  | "title" | "placeholder" | "input" | "open" | "unread" | "close" | "send" | "stop" | "retry"
  | "copy" | "copied" | "good" | "bad" | "comment" | "submit" | "cancel" | "thanks" | "fresh"
  | "confirm" | "confirmed" | "below" | "conversation" | "you" | "sources" | "source" | "tab"
  | "code" | "table" | "offline" | "reconnecting" | "lost" | "unloaded" | "failed" | "truncated"
  | "stopped" | "refused" | "interrupted" | "again"

/** Words with a number, in the forms that a language has for it, by CLDR category. */
export type CountedWord = "left" | "over"

type Values = Record<string, string | number>

export interface Strings {
  say(word: Word, values?: Values): string
  count(word: CountedWord, count: number): string
  /** "in 12 minutes" */
  wait(seconds: number): string
}

export function createStrings(json: string | null, language: string | undefined): Strings {
  let words: Partial<Record<Word, string> & Record<CountedWord, Record<string, string>>> = {}
  try {
    words = JSON.parse(json!) ?? {}
    Intl.getCanonicalLocales(language)
  } catch {
    // names stand in for the words, or the browser's language for the page's
    language = undefined
  }
  const fill = (text: string, values: Values = {}): string =>
    text.replace(/%\((\w+)\)s/g, (_, name: string) => String(values[name]))
  return {
    say: (word, values) => fill(words[word] ?? word, values),
    count(word, count) {
      const forms = words[word] ?? {}
      const form = forms[new Intl.PluralRules(language).select(count)] ?? forms["other"]
      return fill(form ?? "%(count)s", { count: count.toLocaleString(language) })
    },
    wait(seconds) {
      const size = seconds < 90 ? 1 : seconds < 5400 ? 60 : 3600
      const unit = size < 2 ? "second" : size < 61 ? "minute" : "hour"
      return new Intl.RelativeTimeFormat(language).format(Math.ceil(seconds / size), unit)
    },
  }
}
