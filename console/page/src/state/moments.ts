import { iso, wall } from "./period"

/** A moment as `input type=datetime-local` shows it in a zone; empty where there is none. */
export function localOf(at: string | null, zone: string): string {
  return at ? new Date(wall(Date.parse(at), zone)).toISOString().slice(0, 16) : ""
}

/** The moment that such a text says in a zone, as the API takes it; of an hour that comes twice, one of both. */
export function momentOf(local: string, zone: string): string | null {
  const wanted = Date.parse(`${local}Z`)
  if (Number.isNaN(wanted)) return null
  let at = wanted - (wall(wanted, zone) - wanted)
  at -= wall(at, zone) - wanted
  return iso(at)
}
