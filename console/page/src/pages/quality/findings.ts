import type { Finding } from "../../api/types"

/** A class of clicks or impressions that is left out. */
export interface LeftOut {
  of: "clicks" | "impressions"
  name: string
  amount: number
  meaning: string
}

/** Findings by what a reader does with them. `upTo`: the last minute in which anything was counted. */
export interface Findings {
  needs: Finding[]
  left: LeftOut[]
  rules: string[]
  upTo: string | null
}

/** What needs somebody is whatever there is any of, but for what is left out, and how it was counted. */
export function findingsOf(rows: readonly Finding[]): Findings {
  const found: Findings = { needs: [], left: [], rules: [], upTo: null }
  for (const row of rows) {
    const [of, name] = row.finding.split(": ")
    if (row.finding === "rule sets") found.rules = row.examples
    else if (row.finding === "counted up to") found.upTo = row.amount < 0 ? null : (row.examples[0] ?? null)
    else if ((of === "clicks" || of === "impressions") && name !== undefined) {
      if (row.amount !== 0) found.left.push({ of, name, amount: row.amount, meaning: row.meaning })
    } else if (row.amount > 0) found.needs.push(row)
  }
  found.left.sort((one, other) => one.of.localeCompare(other.of) || other.amount - one.amount)
  return found
}
