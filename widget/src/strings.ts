/**
 * The widget's words. These are the English ones; the template tag hands over those of other
 * languages, from Django's translations. A test of the package holds both lists together.
 */

export type Plural = Record<string, string>

export const ENGLISH = {
  title: "Assistant",
  placeholder: "Ask a question…",
  input: "Your message",
  open: "Open the chat",
  unread: "Open the chat: there is a new answer",
  close: "Close the chat",
  send: "Send",
  stop: "Stop the answer",
  retry: "Try again",
  copy: "Copy",
  copied: "Copied",
  good: "Good answer",
  bad: "Bad answer",
  comment: "Would you like to say more? (optional)",
  submit: "Send feedback",
  cancel: "Cancel",
  thanks: "Thank you for your feedback.",
  fresh: "New conversation",
  confirm: "Start a new conversation? This one will be deleted.",
  confirmed: "Delete and start anew",
  below: "New text below",
  conversation: "Conversation",
  you: "You",
  writing: "Writing an answer…",
  sources: "Sources",
  source: "Source %(number)s: %(title)s",
  tab: "(opens in a new tab)",
  code: "Code",
  table: "Table",
  offline: "You are offline. The chat goes on as soon as you are back.",
  reconnecting: "The connection was lost. Trying to get it back…",
  lost: "The connection was lost.",
  unloaded: "The conversation could not be loaded.",
  failed: "Something went wrong. Please try again.",
  truncated: "The answer reached its greatest length and ends here.",
  stopped: "You stopped this answer.",
  refused: "The assistant can't help with this. Please ask something else.",
  interrupted: "The answer was interrupted.",
  again: "You can write again %(time)s.",
  disclosure: "You are chatting with an AI. It can make mistakes.",
}

export const ENGLISH_PLURALS = {
  left: { one: "%(count)s character left", other: "%(count)s characters left" },
  over: { one: "%(count)s character too many", other: "%(count)s characters too many" },
}

export type Word = keyof typeof ENGLISH
export type PluralWord = keyof typeof ENGLISH_PLURALS

function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/%\((\w+)\)s/g, (whole, name: string) => String(values[name] ?? whole))
}

export class Strings {
  private readonly translated: Record<string, string | Plural> = {}

  /** `json` holds the words that differ from the English ones; plurals by CLDR category. */
  constructor(
    json: string | null,
    private readonly language: string,
  ) {
    try {
      this.translated = (JSON.parse(json || "{}") ?? {}) as typeof this.translated
    } catch {
      // English then
    }
  }

  say(word: Word, values: Record<string, string | number> = {}): string {
    const text = this.translated[word]
    return fill(typeof text === "string" ? text : ENGLISH[word], values)
  }

  count(word: PluralWord, count: number): string {
    const given = this.translated[word]
    const forms: Plural = given && typeof given === "object" ? given : ENGLISH_PLURALS[word]
    const form = forms[this.intl(Intl.PluralRules).select(count)] ?? forms["other"]!
    return fill(form, { count: this.intl(Intl.NumberFormat).format(count) })
  }

  /** "in 12 minutes", in the language of the page. */
  wait(seconds: number): string {
    const [amount, unit] =
      seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"]
    return this.intl(Intl.RelativeTimeFormat).format(Math.ceil(amount as number), unit as "second")
  }

  private intl<T>(Format: new (language?: string) => T): T {
    try {
      return new Format(this.language || undefined)
    } catch {
      return new Format()
    }
  }
}
