import type { LinkView, RuleBody, VariantBody } from "../../api/types"

/** A destination that a share of the visitors is led to, as it is edited; a number below 0 is not given yet. */
export interface VariantForm {
  number: number
  name: string
  destination: string
  weight: string
}

/** A destination of those who fit all its conditions, as it is edited. */
export interface RuleForm {
  number: number
  name: string
  destination: string
  countries: string
  languages: string
  devices: readonly string[]
}

export type List = "variants" | "rules"
export const LISTS: readonly List[] = ["rules", "variants"]
export const DEVICES = ["android", "ios", "windows", "macos", "linux", "other"] as const
type Device = (typeof DEVICES)[number]

/** As many as the API takes. */
export const MOST: Readonly<Record<List, number>> = { variants: 26, rules: 50 }

/** The variants of a link as its form shows them. */
export function variantsOf(link: LinkView): VariantForm[] {
  return link.variants.map(({ number, name, destination, weight }) => ({
    number,
    name,
    destination,
    weight: String(weight),
  }))
}

/** The rules of a link as its form shows them. */
export function rulesOf(link: LinkView): RuleForm[] {
  return link.rules.map(({ number, name, destination, countries, languages, devices }) => ({
    number,
    name,
    destination,
    countries: countries.join(" "),
    languages: languages.join(" "),
    devices: [...devices],
  }))
}

/** A variant that is to be filled in; names are letters, as in A/B tests. */
export function newVariant(variants: readonly VariantForm[]): VariantForm {
  const taken = new Set(variants.map(one => one.name))
  const letters = [..."BCDEFGHIJKLMNOPQRSTUVWXYZ"]
  return {
    number: fresh(variants),
    name: letters.find(one => !taken.has(one)) ?? "",
    destination: "",
    weight: "1",
  }
}

/** A rule that is to be filled in. */
export function newRule(rules: readonly RuleForm[]): RuleForm {
  return { number: fresh(rules), name: "", destination: "", countries: "", languages: "", devices: [] }
}

function fresh(ones: readonly { number: number }[]): number {
  return Math.min(0, ...ones.map(one => one.number)) - 1
}

/** The same list with one of its entries elsewhere; where there is no such place, as it is. */
export function moved<One>(ones: readonly One[], from: number, to: number): readonly One[] {
  const one = ones[from]
  if (one === undefined || to < 0 || to >= ones.length) return ones
  const rest = ones.filter((_, index) => index !== from)
  return [...rest.slice(0, to), one, ...rest.slice(to)]
}

/** Words that blanks or commas separate. */
export function wordsIn(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean)
}

/** A whole number, else the text as it is: the API says better what is wrong with it. */
export function numberIn(text: string): number {
  const given = text.trim()
  return (/^-?\d+$/.test(given) ? Number(given) : given) as number
}

/** Variants as the API takes them. A weight that was left empty is 1. */
export function variantBodies(variants: readonly VariantForm[]): VariantBody[] {
  return variants.map(({ number, name, destination, weight }) => ({
    ...known(number),
    name: name.trim(),
    destination: destination.trim(),
    ...(weight.trim() ? { weight: numberIn(weight) } : {}),
  }))
}

/** Rules as the API takes them: countries in capitals, languages in small letters with a hyphen. */
export function ruleBodies(rules: readonly RuleForm[]): RuleBody[] {
  return rules.map(({ number, name, destination, countries, languages, devices }) => ({
    ...known(number),
    name: name.trim(),
    destination: destination.trim(),
    countries: wordsIn(countries).map(one => one.toUpperCase()),
    languages: wordsIn(languages).map(one => one.toLowerCase().replace("_", "-")),
    devices: devices.filter((one): one is Device => DEVICES.some(known => known === one)),
  }))
}

/** A destination that has its number keeps it under another name. */
function known(number: number): { number?: number } {
  return number > 0 ? { number } : {}
}

/** My entries for a link that others changed: numbers that theirs have no more are given anew. */
export function renumbered<One extends { number: number }>(
  mine: readonly One[],
  theirs: readonly One[],
): One[] {
  const kept = new Set(theirs.map(one => one.number))
  let next = fresh(mine)
  return mine.map(one => (one.number < 0 || kept.has(one.number) ? one : { ...one, number: next-- }))
}

/** Each one's part of the visitors, 0 to 1, the link's own destination first; null where weights say nothing yet. */
export function sharesOf(own: string, variants: readonly VariantForm[]): (number | null)[] {
  const weights = [own, ...variants.map(one => one.weight)].map(text =>
    text.trim() ? Number(text.trim()) : 1,
  )
  const whole = weights.reduce((sum, one) => sum + one, 0)
  return weights.map(one => (whole > 0 && one >= 0 ? one / whole : null))
}

/** What a list says, in a line, for who compares two of them. */
export function listText(ones: readonly (VariantForm | RuleForm)[]): string {
  return ones.map(one => ("weight" in one ? `${one.name} ×${one.weight || 1}` : one.name)).join(", ")
}
