import { words } from "../../text/en"

/** A label as a reader calls it. */
export function label(name: string, value: string): string {
  if (name === "channel") return words.channel[value] ?? value
  const field = (words.links.field as Record<string, string>)[name]
  return value || words.compare.without((field ?? name).toLowerCase())
}
