import type { BreakdownRow, VariantRow } from "../../api/types"
import { grouped } from "../../count/counts"
import { words } from "../../text/en"
import type { Labels } from "./sides"

const { compare: said } = words

/** Sides to add at once, under a name. */
export interface Start {
  name: string
  sides: Labels[]
}

/** Whose numbers: only where a reader has no account of their own and speaks for several. */
export function whose(account: string, own: string): Labels {
  return own ? {} : { account }
}

/** Each experiment, with a side for each of its variants. */
export function experimentsOf(rows: readonly VariantRow[], own: string): Start[] {
  const experiments = grouped(rows, row => JSON.stringify([row.account, row.experiment]))
  return [...experiments.values()].map(variants => ({
    name: said.variantsOf(variants[0]?.experiment ?? "", variants.length),
    sides: variants.map(row => ({
      ...whose(row.account, own),
      experiment: row.experiment,
      variant: row.variant,
    })),
  }))
}

/** The channels of the campaign that has the most clicks of those with several. */
export function channelsOf(rows: readonly BreakdownRow[], own: string): Start | null {
  const campaigns = grouped(
    rows.filter(row => row.campaign && row.channel && row.clicks > 0),
    row => JSON.stringify([row.account, row.campaign]),
  )
  const clicks = (some: readonly BreakdownRow[]) => some.reduce((sum, row) => sum + row.clicks, 0)
  const several = [...campaigns.values()].filter(some => some.length > 1)
  const [most] = several.sort((one, other) => clicks(other) - clicks(one))
  if (!most) return null
  return {
    name: said.channelsOf(most[0]?.campaign ?? ""),
    sides: most.map(({ account = "", campaign = "", channel = "" }) => ({
      ...whose(account, own),
      campaign,
      channel,
    })),
  }
}
