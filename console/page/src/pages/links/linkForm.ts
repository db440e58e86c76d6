import type { LinkPatch, LinkView, NewLink, ProblemDetails, SessionView } from "../../api/types"
import { localOf, momentOf } from "../../state/moments"
import {
  LISTS,
  type List,
  numberIn,
  type RuleForm,
  renumbered,
  ruleBodies,
  rulesOf,
  type VariantForm,
  variantBodies,
  variantsOf,
  wordsIn,
} from "./branches"

/** What a form of a link has, and how each is written: all are texts while they are edited. */
const KINDS = {
  destination: "text",
  domain: "text",
  slug: "text",
  title: "text",
  account: "text",
  campaign: "text",
  channel: "text",
  post: "text",
  profile: "text",
  experiment: "text",
  variant: "text",
  tags: "list",
  post_url: "text",
  post_id: "text",
  published_at: "moment",
  weight: "number",
  starts_at: "moment",
  early_destination: "text",
  expires_at: "moment",
  expired_destination: "text",
  status: "number",
  cache_s: "number",
  impressions: "text",
  origins: "list",
  aim: "text",
  pass_query: "flag",
  add_utm: "flag",
  click_id_parameter: "text",
  utm_source: "text",
  utm_medium: "text",
  utm_campaign: "text",
  utm_term: "text",
  utm_content: "text",
} as const

export type Field = keyof typeof KINDS
export interface Lists {
  readonly variants: readonly VariantForm[]
  readonly rules: readonly RuleForm[]
}
export type Form = Readonly<Record<Field, string>> & Lists
/** A field, or a list of destinations. */
export type Part = Field | List
export const FIELDS = Object.keys(KINDS) as Field[]
const PARTS: readonly Part[] = [...FIELDS, ...LISTS]

/** Of a flag that is set. */
export const SET = "yes"
/** What a link has of which nothing is said; else nothing. */
const USUAL: Partial<Record<Field, string>> = { add_utm: SET }

/** A form of nothing, but for what is given. */
export function blank(given: Partial<Form> = {}): Form {
  const texts = Object.fromEntries(FIELDS.map(field => [field, USUAL[field] ?? ""]))
  return { ...(texts as Record<Field, string>), variants: [], rules: [], ...given }
}

/** A link as its form shows it. */
export function formOf(link: LinkView, zone: string): Form {
  const texts = Object.fromEntries(FIELDS.map(field => [field, textOf(link, field, zone)]))
  return { ...(texts as Record<Field, string>), variants: variantsOf(link), rules: rulesOf(link) }
}

function textOf(link: LinkView, field: Field, zone: string): string {
  const value = link[field]
  if (Array.isArray(value)) return value.join(" ")
  if (typeof value === "boolean") return value ? SET : ""
  if (KINDS[field] === "moment") return localOf(value as string | null, zone)
  return value === null ? "" : String(value)
}

/** A part as the API takes it. */
function sentAs(form: Form, part: Part, zone: string): unknown {
  if (part === "variants") return variantBodies(form.variants)
  if (part === "rules") return ruleBodies(form.rules)
  const given = form[part].trim()
  switch (KINDS[part]) {
    case "list":
      return wordsIn(given)
    case "moment":
      return momentOf(given, zone)
    case "number":
      return given ? numberIn(given) : null
    case "flag":
      return given === SET
    default:
      return given
  }
}

/** Whether a part of two forms says the same. */
function same(part: Part, one: Form, other: Form): boolean {
  if (part === "variants" || part === "rules")
    return JSON.stringify(one[part]) === JSON.stringify(other[part])
  return one[part].trim() === other[part].trim()
}

/** What makes a link of a form: nothing that was left empty but the destination, which has to be said. */
export function bodyOf(form: Form, zone: string): NewLink {
  const usual = blank()
  const filled = PARTS.filter(part => part === "destination" || !same(part, form, usual))
  return Object.fromEntries(filled.map(part => [part, sentAs(form, part, zone)])) as unknown as NewLink
}

/** What changes a link from one form to another; null where nothing does. What was emptied is null. */
export function patchOf(before: Form, after: Form, zone: string): LinkPatch | null {
  const changed = PARTS.filter(part => part !== "domain" && part !== "slug" && !same(part, before, after))
  if (!changed.length) return null
  return Object.fromEntries(
    changed.map(part => [part, empties(after, part) ? null : sentAs(after, part, zone)]),
  )
}

function empties(form: Form, part: Part): boolean {
  if (part === "variants" || part === "rules") return !form[part].length
  return !form[part].trim() && KINDS[part] !== "flag" && part !== "destination"
}

/** My edits on top of what others made of the link meanwhile: what I did not touch is theirs. */
export function rebased(mine: Form, base: Form, theirs: Form): Form {
  const texts = FIELDS.map(field => [field, same(field, mine, base) ? theirs[field] : mine[field]])
  return {
    ...(Object.fromEntries(texts) as Record<Field, string>),
    variants: same("variants", mine, base) ? theirs.variants : renumbered(mine.variants, theirs.variants),
    rules: same("rules", mine, base) ? theirs.rules : renumbered(mine.rules, theirs.rules),
  }
}

/** The parts that others changed, and whether I changed them, too. */
export function differences(mine: Form, base: Form, theirs: Form): { part: Part; both: boolean }[] {
  return PARTS.filter(part => !same(part, base, theirs)).map(part => ({
    part,
    both: !same(part, mine, base) && !same(part, mine, theirs),
  }))
}

/** The field that a problem is about, where the form has it. */
export function fieldOf({ pointer }: Pick<ProblemDetails, "pointer">): Field | null {
  const name = pointer?.split("/")[1]
  return FIELDS.find(field => field === name) ?? null
}

/** What a rule or variant as a whole lacks is filled in here. */
const FIRST: Readonly<Record<List, string>> = { variants: "name", rules: "countries" }

/**
 * The place that a problem is about, as its input is named: `destination`, or `rules-0-countries` within a list; a
 * list as a whole is `rules`. null where the form has no such place.
 */
export function placeOf(problem: Pick<ProblemDetails, "pointer">): string | null {
  const [, name, index, part] = problem.pointer?.split("/") ?? []
  const list = LISTS.find(one => one === name)
  if (!list) return fieldOf(problem)
  return index ? `${list}-${index}-${part && part !== "number" ? part : FIRST[list]}` : list
}

/** The address that visitors open, by where links begin: of each domain, and under an empty name of all others. */
export function addressAt(
  { domain, slug }: Pick<LinkView, "domain" | "slug">,
  urls: SessionView["link_urls"],
): string {
  const url = urls[domain] ?? urls[""] ?? "https://{domain}"
  return `${url.replace("{domain}", domain)}/${slug.split("/").map(encodeURIComponent).join("/")}`
}
