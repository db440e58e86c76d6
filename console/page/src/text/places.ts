import { locale } from "./locale"

const names = {
  country: new Intl.DisplayNames(locale, { type: "region", fallback: "code" }),
  language: new Intl.DisplayNames(locale, { type: "language", fallback: "code" }),
}

/** The name of a country's or language's code in the reader's locale; the code itself where it is none. */
export function nameOf(kind: "country" | "language", code: string): string {
  try {
    return names[kind].of(code) ?? code
  } catch {
    return code
  }
}
