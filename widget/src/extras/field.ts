/** A field of a form: its label, its input and its error. */

import { h } from "../shared/dom"

export interface Field {
  readonly name: string
  readonly element: HTMLElement
  readonly input: HTMLInputElement | HTMLTextAreaElement
  value(): string | boolean
  /** Shows an error; an empty text removes it. */
  setError(text: string): void
}

export interface FieldOptions {
  name: string
  label: string
  /** The type of the input; empty for a textarea. */
  type: string
  autocomplete?: string
  /** Maximum number of characters. */
  length?: number
}

export function createField(options: FieldOptions, required: boolean, optional = ""): Field {
  const { name, label, type, autocomplete, length } = options
  const isCheck = type === "checkbox"
  const attributes = {
    id: `contact-${name}`,
    name,
    required,
    autocomplete,
    // no limit for the textarea, because browsers cut pasted text; the server reports the limit
    maxlength: type ? length : undefined,
    "aria-describedby": `wrong-${name}`,
    input: () => error.hidden || field.setError(""),
  }
  const input = type ? h("input", "", { ...attributes, type }) : h("textarea", "", { ...attributes, rows: 3 })
  if (!isCheck) input.dir = name === "email" || name === "phone" ? "ltr" : "auto"
  const error = h("p", "wrong", { id: `wrong-${name}`, hidden: true, dir: "auto" })
  const text = h("span", "", { dir: "auto" }, label, !required && h("small", "", {}, ` ${optional}`))
  const contents = isCheck ? [input, text] : [text, input]
  const field: Field = {
    name,
    input,
    element: h("div", isCheck ? "field check" : "field", {}, h("label", "", {}, ...contents), error),
    value: () => (isCheck ? (input as HTMLInputElement).checked : input.value.trim()),
    setError(wrong) {
      error.textContent = wrong
      error.hidden = !wrong
      input.ariaInvalid = String(!!wrong)
    },
  }
  return field
}
