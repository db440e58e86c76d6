import { useMemo } from "preact/hooks"
import { postKey, profileKey } from "../../count/campaign"
import { useAsked } from "../../state/asked"
import { MOST_ROWS } from "./useFacts"

/** Unique clicks: in all, by post (`postKey`) and by profile (`profileKey`); undefined where none are told. */
export interface Uniques {
  all: number | undefined
  ofPost: ReadonlyMap<string, number>
  ofProfile: ReadonlyMap<string, number>
  /** Whether all profiles that have any are told: one that is not there has 0, else it is not known. */
  told: boolean
  /** Whether some of them are of other filters than are asked for by now. */
  former: boolean
  again: () => void
}

/** Visitors behind people's clicks of what a query says. They cannot be added up, so each sum is asked for. */
export function useUniques(query: Record<string, string>, on: boolean): Uniques {
  const asking = (by: string) => (on ? { query: { ...query, by, limit: MOST_ROWS } } : null)
  const all = useAsked("reportUniques", asking(""))
  const posts = useAsked("reportUniques", asking("channel,post"))
  const profiles = useAsked("reportUniques", asking("channel,profile"))
  const ofPost = useMemo(
    () => new Map(posts.data?.rows.map(row => [postKey(row), row.unique_clicks])),
    [posts.data],
  )
  const ofProfile = useMemo(
    () => new Map(profiles.data?.rows.map(row => [profileKey(row), row.unique_clicks])),
    [profiles.data],
  )
  return {
    all: on ? all.data?.rows[0]?.unique_clicks : undefined,
    ofPost: on ? ofPost : NONE,
    ofProfile: on ? ofProfile : NONE,
    told: profiles.data !== undefined,
    former: on && [all, posts, profiles].some(one => one.former),
    again: () => {
      for (const one of [all, posts, profiles]) one.again()
    },
  }
}

const NONE: ReadonlyMap<string, number> = new Map()
