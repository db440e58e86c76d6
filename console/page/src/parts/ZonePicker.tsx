import { useMemo } from "preact/hooks"
import { isZone } from "../state/period"
import { setQuery } from "../state/place"
import { ownZone, session, zone } from "../state/session"
import { words } from "../text/en"

const { zones: said } = words
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** Whose days and hours are shown: the account's, unless the address says another zone. */
export function ZonePicker() {
  const chosen = zone.value
  const usual = ownZone.value
  const near = [...new Set([usual, HERE, "UTC", chosen])].filter(one => one && isZone(one))
  // Some hundred: made once, however often what stands around them is drawn.
  const others = useMemo(
    () =>
      Intl.supportedValuesOf("timeZone").map(one => (
        <option value={one} key={one}>
          {one.replaceAll("_", " ")}
        </option>
      )),
    [],
  )
  return (
    <select
      class="zones"
      aria-label={said.label}
      title={said.label}
      value={chosen}
      onChange={event => {
        const value = event.currentTarget.value
        setQuery({ zone: value === usual ? null : value })
      }}
    >
      <optgroup label={said.near}>
        {near.map(one => (
          <option value={one} key={one}>
            {nameOf(one, usual)}
          </option>
        ))}
      </optgroup>
      <optgroup label={said.all}>{others}</optgroup>
    </select>
  )
}

function nameOf(zone: string, usual: string): string {
  const name = zone.replaceAll("_", " ")
  if (zone === usual && session.value?.zone) return said.own(name)
  return zone === HERE ? said.here(name) : name
}
