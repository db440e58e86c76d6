import { count } from "./locale"

const plural = new Intl.PluralRules("en")

/** A number with its noun. */
export function many(value: number, one: string, other: string): string {
  return `${count(value)} ${plural.select(value) === "one" ? one : other}`
}
