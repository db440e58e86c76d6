import { many } from "./many"

/** The words of what was asked for in vain. */
export const unknown = {
  title: "Unknown slugs",
  what: "Addresses of yours that somebody opened and that lead nowhere.",
  ofAccount: "You see your account’s expired and deleted links; what is unknown belongs to no account.",
  none: "Nobody asked in vain in this period",
  noneHint:
    "When somebody opens an address that leads nowhere, a slug misspelt in print, say, or a link deleted too early, it is here within minutes.",
  noneFits: "No slug fits",
  noneFitsHint: "Take letters or a filter away.",
  clear: "Show all",
  search: "Find a slug",
  allReasons: "any reason",
  reasonLabel: "Why it leads nowhere",
  allDomains: "any domain",
  domain: "Domain",
  reason: {
    unknown: "there is no such link",
    expired: "its time is over",
    deleted: "it was deleted",
  },
  overTime: "Requests by day",
  rests: "Days of UTC, requests of people and machines alike; a dashed bar is not over yet.",
  says: (day: string, requests: string, open: boolean) =>
    `${day} · ${requests} in vain${open ? " · not over yet" : ""}`,
  columns: {
    slug: "Asked for",
    reason: "Why it led nowhere",
    requests: "Requests",
    days: "By day",
    from: "Came from",
    do: "What to do",
  },
  noHost: "no page named",
  more: (others: number) => many(others, "other page", "other pages"),
  others: "all other slugs together",
  othersHint: "beyond the hundred most asked for of each minute",
  make: "Make the link",
  makeOf: (slug: string) => `Make the link ${slug}`,
  see: "See the link",
  restore: "Bring it back",
  days: (values: readonly string[]) => `Requests of each day: ${values.join(", ")}`,
  most: (rows: string) =>
    `The ${rows} most asked for rows of this period; the others are in none of these numbers.`,
}
