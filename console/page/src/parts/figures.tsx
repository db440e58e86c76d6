import type { Ratio } from "../count/counts"
import { box } from "../draw/drawing"
import { words } from "../text/en"
import { change, count, dash, digitsFor, percent, percentRange, plainPercent } from "../text/locale"
import "./figures.css"

/** Clicks are a full blue dot, impressions an open grey ring, CTR a stroke of ink: told apart without colour. */
export function Sign({ of }: { of: "clicks" | "impressions" | "ctr" }) {
  return (
    <svg class={`sign ${of}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {of === "clicks" && <circle cx="5" cy="5" r="4" />}
      {of === "impressions" && <circle cx="5" cy="5" r="3.25" />}
      {of === "ctr" && <path d="M1 8 9 2" />}
    </svg>
  )
}

/** How many more or less than before. */
export function Change({ now, before }: { now: number; before: number | undefined }) {
  const said = before === undefined ? null : change(now, before)
  return said ? <span class="change">{said}</span> : null
}

/** A CTR in as many digits as it deserves; a dash where there is none. */
export function ctrText({ ctr, from, to }: Ratio): string {
  return ctr === null ? dash : percent(ctr, digitsOf({ ctr, from, to }))
}

/** Its interval, empty where it has none. */
export function intervalText(ratio: Ratio): string {
  const { from, to } = ratio
  return from === null || to === null ? "" : percentRange(from, to, digitsOf(ratio))
}

function digitsOf({ ctr, from, to }: Ratio): number {
  return digitsFor(from === null || to === null ? null : (to - from) / 2, ctr ?? 0)
}

/** A large number with its name; `former`: of what was asked before. */
export function Headline(props: {
  sign?: "clicks" | "impressions" | "ctr"
  title?: string
  value: string
  name: string
  beside?: string | null
  former?: boolean
}) {
  return (
    <div class="headline" title={props.title} aria-busy={props.former}>
      <dt>
        {props.sign && <Sign of={props.sign} />} {props.name}
      </dt>
      <dd>
        <span class="value">{props.value}</span> {props.beside && <span class="soft">{props.beside}</span>}
      </dd>
    </div>
  )
}

/**
 * The channel's usual range as a band, the CTR as a mark, its interval as a line: all on one axis from 0. Too little
 * data has an open mark.
 */
export function RangeBar(props: { ratio: Ratio; low: number | null; high: number | null; enough: boolean }) {
  const { ratio, low, high, enough } = props
  if (ratio.ctr === null) return <p class="soft">{words.range.noCtr}</p>
  if (low === null || high === null) return <p class="soft">{words.range.none}</p>
  const end = Math.max(high * 1.5, Math.min(ratio.ctr * 1.1, high * 4))
  const x = (share: number) => `${(Math.min(Math.max(share / end, 0), 1) * 100).toFixed(2)}%`
  const beyond = ratio.ctr > end
  return (
    <div class="range">
      <svg width="100%" height="16" aria-hidden="true">
        <line class="axis" x1="0" x2="100%" y1="8" y2="8" />
        <rect
          class="usual"
          x={x(low)}
          width={`${(((high - low) / end) * 100).toFixed(2)}%`}
          y="4"
          height="8"
        />
        {ratio.from !== null && ratio.to !== null && (
          <line class="interval" x1={x(ratio.from)} x2={x(ratio.to)} y1="8" y2="8" />
        )}
        <circle class={enough ? "mark" : "mark open"} cx={x(beyond ? end : ratio.ctr)} cy="8" r="4" />
      </svg>
      <span class="soft">{words.range.usual(plainPercent(low, high))}</span>
    </div>
  )
}

/**
 * Counts of each window as small bars; the last one is paler while it is not over. One path: there are many. `former`:
 * they are not those that were asked for yet. `most`: what fills the height, where several share a scale.
 */
export function Spark(props: {
  values: readonly number[]
  open: boolean
  former?: boolean
  of: "clicks" | "impressions" | "missed"
  most?: number
}) {
  const { values, open, of, former, most = Math.max(...values, 1) } = props
  const step = 100 / Math.max(values.length, 1)
  const over = open ? values.length - 1 : values.length
  const bars = (from: number, to: number) =>
    values
      .slice(from, to)
      .map((value, index) =>
        value > 0
          ? box((from + index + 0.1) * step, 31, step * 0.8, -Math.max((value / most) * 30, 1.5))
          : "",
      )
      .join("")
  return (
    <svg
      class={`spark ${of}`}
      width="100%"
      height="32"
      viewBox="0 0 100 32"
      preserveAspectRatio="none"
      aria-hidden="true"
      aria-busy={former}
    >
      <path class="ground" d="M0 31.5h100" />
      <path class="bars" d={bars(0, over)} />
      {open && <path class="bars open" d={bars(over, values.length)} />}
    </svg>
  )
}

/** A count that may not be there yet. */
export function Count({ value }: { value: number | undefined }) {
  return <>{value === undefined ? dash : count(value)}</>
}
