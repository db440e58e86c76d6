import type { BulkLine, NewLink } from "../../api/types"

/** A line as it was pasted, and what it asks for. */
export type Pasted =
  | { line: number; text: string; make: NewLink }
  | { line: number; text: string; put: BulkLine }
  | { line: number; text: string; wrong: "json" | "no destination" }

/**
 * The lines of a paste. One that begins with `{` makes or changes a link (NDJSON, as the API's bulk takes it); any
 * other is a destination, and after blanks, a comma or a tab the slug that it is to have: it makes a link, and never
 * changes one. Blank lines are passed over, but counted.
 */
export function pastedOf(text: string, domain: string, labels: Partial<NewLink>): Pasted[] {
  const pasted: Pasted[] = []
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1
    const given = raw.trim()
    if (!given) continue
    pasted.push({
      line,
      text: given,
      ...(given.startsWith("{") ? json(given, domain) : plain(given, domain, labels)),
    })
  }
  return pasted
}

function json(text: string, domain: string): { put: BulkLine } | { wrong: "json" } {
  try {
    return { put: { domain, ...(JSON.parse(text) as Partial<BulkLine>) } as BulkLine }
  } catch {
    return { wrong: "json" }
  }
}

function plain(
  text: string,
  domain: string,
  labels: Partial<NewLink>,
): { make: NewLink } | { wrong: "no destination" } {
  const [destination = "", slug] = text.split(/[\s,;]+/)
  if (!destination.includes(".")) return { wrong: "no destination" }
  return {
    make: {
      ...labels,
      destination: /^[a-z][a-z0-9+.-]*:/i.test(destination) ? destination : `https://${destination}`,
      ...(domain ? { domain } : {}),
      ...(slug ? { slug } : {}),
    },
  }
}
