/** The widget's texts, which the template tag passes from Django's translations. */

export type TextName =
  | "title"
  | "placeholder"
  | "input"
  | "open"
  | "unread"
  | "close"
  | "send"
  | "stop"
  | "retry"
  | "copy"
  | "copied"
  | "uncopied"
  | "good"
  | "bad"
  | "comment"
  | "submit"
  | "cancel"
  | "thanks"
  | "fresh"
  | "below"
  | "conversation"
  | "you"
  | "sources"
  | "source"
  | "tab"
  | "code"
  | "wrap"
  | "table"
  | "taskDone"
  | "taskOpen"
  | "waiting"
  | "slow"
  | "offline"
  | "reconnecting"
  | "reconnected"
  | "lost"
  | "unloaded"
  | "failed"
  | "truncated"
  | "stopped"
  | "refused"
  | "interrupted"
  | "again"
  | "busy"
  | "history"
  | "current"
  | "untitled"
  | "empty"
  | "back"
  | "delete"
  | "deleted"
  | "undo"
  | "edit"
  | "editing"
  | "askAgain"
  | "earlier"
  | "expand"
  | "collapse"
  | "privacy"
  | "suggested"
  | "selection"
  | "unavailable"
  | "help"
  | "person"
  | "contact"
  | "support"
  | "writeTo"
  | "agree"
  | "decline"
  | "expired"
  | "accept"
  | "email"
  | "name"
  | "phone"
  | "message"
  | "optional"
  | "notNow"
  | "sendContact"
  | "contacted"
  | "awaiting"
  | "meanwhile"
  | "stopWaiting"
  | "joined"
  | "typing"
  | "handBack"
  | "departed"
  | "unattended"
  | "dismiss"

/** Texts with a number, in the plural forms of the language, by CLDR category. */
export type CountedTextName = "left" | "over"

type Values = Record<string, string | number>

export interface Strings {
  /** Returns a text with `values` in its `%(…)s`; `name` if the page has no such text. */
  translate(name: TextName, values?: Values): string
  /** Returns a text in the plural form for `count`; only the number if the page has no such text. */
  count(name: CountedTextName, count: number): string
  /** Returns a text such as "in 12 minutes". */
  wait(seconds: number): string
  /** Returns a text such as "2 days ago"; "" if `date` is not a date. */
  ago(date: string): string
}

type Texts = Partial<Record<TextName, string> & Record<CountedTextName, Record<string, string>>>

/** `pageTexts` are the texts in the language `tag`, by name. */
export function createStrings(pageTexts: Record<string, unknown>, tag: string | undefined): Strings {
  const texts = pageTexts as Texts
  const language = canonical(tag)
  const fill = (text: string, values: Values = {}): string =>
    text.replace(/%\((\w+)\)s/g, (_, name: string) => String(values[name]))
  return {
    translate: (name, values) => fill(texts[name] ?? name, values),
    count(name, count) {
      const forms = texts[name] ?? {}
      const form = forms[new Intl.PluralRules(language).select(count)] ?? forms["other"]
      return fill(form ?? "%(count)s", { count: count.toLocaleString(language) })
    },
    wait(seconds) {
      const unitSeconds = seconds < 90 ? 1 : seconds < 5400 ? 60 : 3600
      const unit = unitSeconds < 2 ? "second" : unitSeconds < 61 ? "minute" : "hour"
      return new Intl.RelativeTimeFormat(language).format(Math.ceil(seconds / unitSeconds), unit)
    },
    ago(date) {
      const hours = (Date.parse(date) - Date.now()) / 3_600_000
      if (Number.isNaN(hours)) return ""
      const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" })
      if (hours > -1) return format.format(Math.round(hours * 60), "minute")
      return hours > -24 ? format.format(Math.round(hours), "hour") : format.format(Math.round(hours / 24), "day")
    },
  }
}

function canonical(tag: string | undefined): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    // use the browser's language instead of the page's
    return undefined
  }
}
