import { useState } from "preact/hooks"
import { dayOf, type Period, PRESETS, USUAL_DAYS } from "../state/period"
import { go, place, withQuery } from "../state/place"
import { zone } from "../state/session"
import { useShortcuts } from "../state/shortcuts"
import { words } from "../text/en"
import { ZonePicker } from "./ZonePicker"
import "./period.css"

const KEYS = PRESETS.map((days, index) => ({
  keys: String(index + 1),
  does: words.keys.period(days),
  run: () => go(addressOf(days)),
}))

function addressOf(days: number): string {
  return withQuery({ days: days === USUAL_DAYS ? null : String(days), from: null, to: null })
}

/** Which days are shown: presets, or any from one day to another; and whose. */
export function PeriodPicker({ period }: { period: Period }) {
  useShortcuts(KEYS)
  const [open, setOpen] = useState(period.name === "custom")
  const last = period.until - 1
  return (
    <div class="period">
      <ul aria-label={words.period.label}>
        {PRESETS.map(days => (
          <li key={days}>
            <a
              href={addressOf(days)}
              aria-current={period.name === String(days) ? "true" : undefined}
              title={words.period.long(days)}
            >
              {words.period.days(days)}
            </a>
          </li>
        ))}
        <li>
          <button
            type="button"
            class="plain"
            aria-expanded={open}
            aria-current={period.name === "custom" ? "true" : undefined}
            onClick={() => setOpen(!open)}
          >
            {words.period.custom}
          </button>
        </li>
      </ul>
      {open && (
        <form
          key={place.value.query.toString()}
          onSubmit={event => {
            event.preventDefault()
            const given = new FormData(event.currentTarget)
            const days = [String(given.get("from")), String(given.get("to"))].sort()
            go(withQuery({ days: null, from: days[0] ?? null, to: days[1] ?? null }))
          }}
        >
          <label>
            {words.period.from}{" "}
            <input type="date" name="from" required value={dayOf(period.since, zone.value)} />
          </label>
          <label>
            {words.period.to} <input type="date" name="to" required value={dayOf(last, zone.value)} />
          </label>
          <button type="submit">{words.period.apply}</button>
        </form>
      )}
      <ZonePicker />
    </div>
  )
}
