import type { CompareReport, PairOfSides, Side } from "../../api/types"
import { Scrolls } from "../../parts/Scrolls"
import { words } from "../../text/en"
import { dash, digitsFor, signed } from "../../text/locale"

const { compare: said } = words

/** How much the second side of a pair has more than the first, with its interval; a dash where it cannot be said. */
export function Difference({ pair, byCtr }: { pair: PairOfSides; byCtr: boolean }) {
  const { difference, difference_from: from, difference_to: to } = pair
  if (difference === null) return <>{dash}</>
  const half = from === null || to === null ? null : (to - from) / 2
  const digits = byCtr ? digitsFor(half, Math.abs(difference)) : 0
  const scale = byCtr ? 100 : 1
  const value = signed(difference * scale, digits)
  return (
    <>
      {byCtr ? said.points(value) : value}{" "}
      {from !== null && to !== null && (
        <span class="soft interval">
          {said.interval(signed(from * scale, digits), signed(to * scale, digits))}
        </span>
      )}
    </>
  )
}

/** What a pair says; a dash where the sides cannot be compared at all. */
function pairText(pair: PairOfSides, together: string): string {
  return said.pair[pair.verdict] ?? (together === "not enough data yet" ? said.tooLittle : dash)
}

/** What is said of a side: whether it wins, or how it does against the control; nothing of the control itself. */
export function sideText(side: Side, against: PairOfSides | undefined, together: string): string {
  if (!side.enough_data) return said.tooLittle
  if (side.is_winner) return said.winner
  return against ? pairText(against, together) : ""
}

/** Each side against each other. */
export function Pairs({ report, names }: { report: CompareReport; names: readonly string[] }) {
  return (
    <details>
      <summary>{said.pairs}</summary>
      <p class="soft">{said.corrected}</p>
      <Scrolls label={said.pairs}>
        <table>
          <tbody>
            {report.pairs.map(pair => (
              <tr key={`${pair.first} ${pair.second}`}>
                <td>{said.against(names[pair.second] ?? "", names[pair.first] ?? "")}</td>
                <td class="number">
                  <Difference pair={pair} byCtr={report.measure === "ctr"} />
                </td>
                <td class="number soft">
                  {pair.p_adjusted === null ? dash : said.p(pText(pair.p_adjusted))}
                </td>
                <td>{pairText(pair, report.verdict)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </details>
  )
}

function pText(p: number): string {
  return p < 0.001 ? said.below : p.toFixed(p < 0.1 ? 3 : 2)
}
