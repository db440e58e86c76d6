import type { LinkPatch, LinkView, NewLink, ProblemDetails } from "../../api/types"
import { localOf, momentOf } from "../../state/moments"

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
  published_at: "moment",
  starts_at: "moment",
  early_destination: "text",
  expires_at: "moment",
  expired_destination: "text",
  status: "number",
  impressions: "text",
  aim: "text",
  pass_query: "flag",
  utm_source: "text",
  utm_medium: "text",
  utm_campaign: "text",
  utm_term: "text",
  utm_content: "text",
} as const

export type Field = keyof typeof KINDS
export type Form = Readonly<Record<Field, string>>
export const FIELDS = Object.keys(KINDS) as Field[]

/** Of a flag that is set. */
export const SET = "yes"

/** A form of nothing, but for what is given. */
export function blank(given: Partial<Form> = {}): Form {
  return { ...(Object.fromEntries(FIELDS.map(field => [field, ""])) as Form), ...given }
}

/** A link as its form shows it. */
export function formOf(link: LinkView, zone: string): Form {
  return Object.fromEntries(FIELDS.map(field => [field, textOf(link, field, zone)])) as Form
}

function textOf(link: LinkView, field: Field, zone: string): string {
  const value = link[field]
  if (Array.isArray(value)) return value.join(" ")
  if (typeof value === "boolean") return value ? SET : ""
  if (KINDS[field] === "moment") return localOf(value as string | null, zone)
  return value === null ? "" : String(value)
}

function sentAs(field: Field, text: string, zone: string): unknown {
  const given = text.trim()
  switch (KINDS[field]) {
    case "list":
      return given.split(/[\s,]+/).filter(Boolean)
    case "moment":
      return momentOf(given, zone)
    case "number":
      return given ? Number(given) : null
    case "flag":
      return given === SET
    default:
      return given
  }
}

/** What makes a link of a form: nothing that was left empty but the destination, which has to be said. */
export function bodyOf(form: Form, zone: string): NewLink {
  const filled = FIELDS.filter(field => form[field].trim() || field === "destination")
  return Object.fromEntries(
    filled.map(field => [field, sentAs(field, form[field], zone)]),
  ) as unknown as NewLink
}

/** What changes a link from one form to another; null where nothing does. What was emptied is null. */
export function patchOf(before: Form, after: Form, zone: string): LinkPatch | null {
  const changed = FIELDS.filter(
    field => field !== "domain" && field !== "slug" && before[field].trim() !== after[field].trim(),
  )
  if (!changed.length) return null
  return Object.fromEntries(
    changed.map(field => {
      const empties = !after[field].trim() && KINDS[field] !== "flag" && field !== "destination"
      return [field, empties ? null : sentAs(field, after[field], zone)]
    }),
  )
}

/** My edits on top of what others made of the link meanwhile: what I did not touch is theirs. */
export function rebased(mine: Form, base: Form, theirs: Form): Form {
  return Object.fromEntries(
    FIELDS.map(field => [field, mine[field] === base[field] ? theirs[field] : mine[field]]),
  ) as Form
}

/** The fields that others changed, and whether I changed them, too. */
export function differences(mine: Form, base: Form, theirs: Form): { field: Field; both: boolean }[] {
  return FIELDS.filter(field => base[field] !== theirs[field]).map(field => ({
    field,
    both: mine[field] !== base[field] && mine[field] !== theirs[field],
  }))
}

/** The field that a problem is about, where the form has it. */
export function fieldOf({ pointer }: Pick<ProblemDetails, "pointer">): Field | null {
  const name = pointer?.split("/")[1]
  return FIELDS.find(field => field === name) ?? null
}

/** The address that visitors open. A machine's own names have no certificate. */
export function publicAddress({ domain, slug }: Pick<LinkView, "domain" | "slug">): string {
  const own = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(domain)
  return `${own ? "http" : "https"}://${domain}/${slug.split("/").map(encodeURIComponent).join("/")}`
}

/** The address of a link's page. */
export function pageOf({ domain, slug }: Pick<LinkView, "domain" | "slug">): string {
  return `/links/${encodeURIComponent(domain)}/${encodeURIComponent(slug)}`
}
