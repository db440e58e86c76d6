import { useMemo, useState } from "preact/hooks"
import type { BreakdownRow } from "../../api/types"
import { Choose } from "../../parts/Choose"
import { useAsked } from "../../state/asked"
import { go, place, setQuery } from "../../state/place"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { count } from "../../text/locale"
import { label } from "./label"
import { experimentsOf, type Start, whose } from "./options"
import { comparing, type Labels, MOST_SIDES } from "./sides"

const { compare: said } = words
const KINDS = ["posts", "channels", "profiles", "campaigns", "variants"] as const
type Kind = (typeof KINDS)[number]

const LABELS: Readonly<Record<Exclude<Kind, "variants">, readonly (keyof BreakdownRow)[]>> = {
  posts: ["campaign", "channel", "post"],
  channels: ["channel"],
  profiles: ["channel", "profile"],
  campaigns: ["campaign"],
}

/** So many are known, and so many are in the menu at once: letters find the others. */
const MOST_KNOWN = 10_000
const MOST_LISTED = 100

/** What can be added: whatever was counted in the period, the most clicked first. */
export function Picker({
  sides,
  times,
}: {
  sides: readonly Labels[]
  times: { since: string; until: string }
}) {
  const { query } = place.value
  const own = session.value?.account ?? ""
  const kind = KINDS.find(one => one === query.get("by")) ?? "posts"
  const listed = kind === "variants" ? null : kind
  const by = ["account", ...LABELS[listed ?? "posts"]].join(",")
  const rows = useAsked("reportBreakdown", listed && { query: { ...times, by, limit: MOST_KNOWN } })
  const variants = useAsked("reportVariants", listed ? null : { query: times })
  const known = listed ? rows.data : variants.data
  const [letters, setLetters] = useState("")
  const all = useMemo(
    () =>
      listed
        ? (rows.data?.rows ?? []).map(row => optionOf(row, listed, own))
        : experimentsOf(variants.data?.rows ?? [], own),
    [listed, rows.data, variants.data, own],
  )
  const options = useMemo(() => found(all, letters), [all, letters])
  const full = sides.length >= MOST_SIDES
  return (
    <div class="controls">
      <div class="picks">
        <span class="soft">{said.by}</span>
        <Choose
          label={said.by}
          value={kind}
          choices={KINDS.map(one => [one, said.kinds[one] ?? one])}
          choose={value => setQuery({ by: value === "posts" ? null : value })}
        />
      </div>
      {all.length > MOST_LISTED && (
        <input
          type="search"
          aria-label={said.find}
          placeholder={said.find}
          value={letters}
          onInput={event => setLetters(event.currentTarget.value)}
        />
      )}
      <select
        class="adds"
        aria-label={said.add}
        value=""
        disabled={full || !known}
        aria-busy={rows.former || variants.former}
        onChange={event => {
          const chosen = options[Number(event.currentTarget.value)]
          event.currentTarget.value = ""
          if (chosen) go(comparing([...sides, ...chosen.sides].slice(0, MOST_SIDES), query))
        }}
      >
        <option value="">
          {known && !all.length
            ? said.noneToAdd
            : options.length < all.length
              ? said.chooseOf(said.kinds[kind] ?? kind, count(options.length), count(all.length))
              : said.choose(said.kinds[kind] ?? kind)}
        </option>
        {options.map((one, index) => (
          <option value={String(index)} key={one.name}>
            {one.name}
          </option>
        ))}
      </select>
      {full && <span class="soft">{said.most}</span>}
    </div>
  )
}

/** Those whose names have all of these words, the most clicked first, as many as a menu holds. */
function found(options: readonly Start[], letters: string): Start[] {
  const wanted = letters.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const fits = ({ name }: Start) => {
    const text = name.toLocaleLowerCase()
    return wanted.every(one => text.includes(one))
  }
  return options.filter(fits).slice(0, MOST_LISTED)
}

function optionOf(row: BreakdownRow, kind: Exclude<Kind, "variants">, own: string): Start {
  const labels = Object.fromEntries(LABELS[kind].map(name => [name, String(row[name] ?? "")]))
  const name = Object.entries({ ...labels, ...(row.account && whose(row.account, own)) })
    .map(([one, value]) => label(one, value))
    .join(" · ")
  return {
    name: said.option(name, count(row.clicks)),
    sides: [{ ...whose(row.account ?? "", own), ...labels }],
  }
}
