import type { Query } from "../api/client"
import { useAsked } from "../state/asked"
import { words } from "../text/en"

const { counted: said } = words
const LABELS = [
  "account",
  "campaign",
  "post",
  "channel",
  "not_channel",
  "profile",
  "not_profile",
  "since",
  "until",
] as const

/** Which rules told people from bots among the clicks of a query, asked when somebody wants to know. */
export function Rules({ query }: { query: Query<"reportQuality"> }) {
  const given: Record<string, string> = {}
  for (const name of LABELS) {
    const value = query[name]
    if (value !== undefined) given[name] = value
  }
  const { data, problem } = useAsked("reportQuality", { query: given }, { everyMs: 0 })
  if (problem) return <>{problem.detail || words.state.unreachable}</>
  if (!data) return <>{words.state.loading}</>
  const sets = data.rows.find(one => one.finding === "rule sets")?.examples ?? []
  return <>{sets.length ? said.rulesSaid(sets) : said.rulesNone}</>
}
