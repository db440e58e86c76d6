import { useState } from "preact/hooks"
import { address, type Query, request } from "../../api/client"
import { type Dimension, type Ranked, rankedOf } from "../../count/breakdown"
import { type RankedLine, rankedDrawing } from "../../draw/rankedDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { ShowSql } from "../../parts/ShowSql"
import { Skeleton } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { withQuery } from "../../state/place"
import { words } from "../../text/en"
import { count, percent } from "../../text/locale"
import { nameOf } from "../../text/places"

const { breakdown: said } = words
const EVERY_MS = 300_000
const FEW = 5
const MANY = 25
const HEIGHT = 240
const PICTURE_WIDTH = 800

/** Clicks by one thing: the first values, and all others together. */
export function Breakdown(props: {
  dimension: Dimension
  asking: Omit<Query<"reportClicks">, "by">
  chosen: string | undefined
  narrowed: boolean
  title: string
  caption: string
}) {
  const { dimension, asking, chosen, narrowed, title, caption } = props
  const [most, setMost] = useState(FEW)
  const query = { ...asking, by: dimension, most }
  const { data, problem, former } = useAsked("reportClicks", { query }, { everyMs: EVERY_MS })
  const ranked = rankedOf(data?.rows ?? [], dimension)
  const name = said.dimension[dimension]
  const longest = Math.max(...ranked.map(one => one.clicks), 1)
  const cut = ranked.some(one => one.value === null)
  return (
    <section class="panel" aria-label={name} aria-busy={former}>
      <div class="title">
        <h3>{name}</h3>
        {ranked.length > 0 && (
          <Actions
            of={name}
            csv={address("reportClicks", { query }, { format: "csv" })}
            picture={() => ({
              drawing: rankedDrawing(PICTURE_WIDTH, lines(ranked, dimension, longest)),
              title: `${title} · ${name}`,
              caption,
            })}
            copy={() =>
              tabbed([
                [dimension, "clicks", "share"],
                ...ranked.map(one => [textOf(dimension, one), one.clicks, one.share]),
              ])
            }
          />
        )}
      </div>
      {!data && !problem && <Skeleton height={HEIGHT} />}
      {!data && problem && <p role="alert">{problem.detail || words.state.unreachable}</p>}
      {data && ranked.length === 0 && <p class="soft">{narrowed ? said.nothingFits : said.nothing}</p>}
      {ranked.length > 0 && (
        <table>
          <thead class="unseen">
            <tr>
              <th>{said.one[dimension]}</th>
              <th>{said.clicks}</th>
              <th>{said.share}</th>
            </tr>
          </thead>
          <tbody>
            {ranked.map(one => (
              <tr key={one.value ?? ""}>
                <th scope="row">
                  <svg class="part" width="100%" height="24" aria-hidden="true">
                    <rect
                      class={one.value === null ? "others" : undefined}
                      width={`${((one.clicks / longest) * 100).toFixed(2)}%`}
                      height="24"
                      rx="2"
                    />
                  </svg>
                  <Value dimension={dimension} one={one} chosen={chosen} />
                </th>
                <td class="number">{count(one.clicks)}</td>
                <td class="number soft">{percent(one.share, one.share < 0.1 ? 1 : 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div class="below">
        {(cut || most > FEW) && (
          <button type="button" class="plain soft" onClick={() => setMost(most === FEW ? MANY : FEW)}>
            {most === FEW ? said.more : said.fewer}
          </button>
        )}
        <ShowSql
          key={JSON.stringify(query)}
          name="SQL"
          label={said.sql(name)}
          fetchText={async () =>
            (await request("reportClicks", { query: { ...query, format: "sql" } })).text()
          }
        />
      </div>
    </section>
  )
}

/** A value; choosing it narrows every breakdown to it, choosing it again takes that back. */
function Value({
  dimension,
  one,
  chosen,
}: {
  dimension: Dimension
  one: Ranked
  chosen: string | undefined
}) {
  if (one.value === null) return <span class="soft">{said.others}</span>
  const is = chosen === one.value
  return (
    <a
      href={withQuery({ [dimension]: is ? null : one.value })}
      aria-label={`${said.one[dimension]} ${valueName(dimension, one.value)}`}
      aria-current={is ? "true" : undefined}
      class={one.value ? undefined : "soft"}
    >
      {valueName(dimension, one.value)}
    </a>
  )
}

/** What a value is called. */
export function valueName(dimension: Dimension, value: string): string {
  const known = said.value[dimension]?.[value]
  if (known) return known
  if (value === "unknown") return said.unknown
  if (value === "none" || !value) return said.none
  return dimension === "country" || dimension === "language" ? nameOf(dimension, value) : value
}

function textOf(dimension: Dimension, { value }: Ranked): string {
  return value === null ? said.others : valueName(dimension, value)
}

function lines(ranked: readonly Ranked[], dimension: Dimension, longest: number): RankedLine[] {
  return ranked.map(one => ({
    name: textOf(dimension, one),
    part: one.clicks / longest,
    number: `${count(one.clicks)}  ${percent(one.share, one.share < 0.1 ? 1 : 0)}`,
    other: one.value === null,
  }))
}
