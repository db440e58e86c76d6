import { address, request } from "../../api/client"
import type { Lens } from "../../count/campaign"

/** The request whose rows the shown posts are: with judgement, or of links where filters or a lens ask for those. */
export type Source =
  | { name: "reportPosts"; query: Record<string, string> }
  | { name: "reportBreakdown"; query: Record<string, string> & { by: string } & Lens }

/** The source of what is shown by these filters; the report with judgement knows no profiles, classes and kinds. */
export function sourceOf(query: Record<string, string>, lens: Lens): Source {
  const ofLinks = lens.class || lens.kind || query["profile"] || query["not_profile"]
  return ofLinks
    ? { name: "reportBreakdown", query: { ...query, ...lens, by: "channel,post,profile" } }
    : { name: "reportPosts", query }
}

/** Where its rows are in a format. */
export function addressOf(source: Source, format: "csv" | "sql"): string {
  return source.name === "reportPosts"
    ? address(source.name, { query: source.query }, { format })
    : address(source.name, { query: source.query }, { format })
}

/** The statement that gives its rows. Rejects with ProblemError. */
export async function sqlOf(source: Source): Promise<string> {
  const format = "sql" as const
  const answer =
    source.name === "reportPosts"
      ? await request(source.name, { query: { ...source.query, format } })
      : await request(source.name, { query: { ...source.query, format } })
  return answer.text()
}
