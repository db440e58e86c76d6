import { signal } from "@preact/signals"

/** Where the reader is: the address is the state of every view. */
export interface Place {
  path: string
  query: URLSearchParams
}

/** Addresses of the same server that are not views of this page. */
const OTHERS = /^\/(v1|docs|problems|s)(\/|$)/

export const place = signal<Place>(here())

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) }
}

/** Go to a view; `replace` where back should not lead to this one. */
export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return
  const path = location.pathname
  history[replace ? "replaceState" : "pushState"](null, "", to)
  place.value = here()
  if (path !== location.pathname) scrollTo(0, 0)
}

/** The address of this view with other parameters; null, and what is usual, leave one out. */
export function withQuery(changes: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams(place.value.query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name)
    else query.set(name, value)
  }
  query.sort()
  return query.size ? `${place.value.path}?${query}` : place.value.path
}

/** The address of another view, in the zone that this one is shown in. */
export function inThisZone(to: string): string {
  const zone = place.value.query.get("zone")
  return zone ? `${to}${to.includes("?") ? "&" : "?"}${new URLSearchParams({ zone })}` : to
}

/** Change parameters of this view; each change is a step that back undoes. */
export function setQuery(changes: Readonly<Record<string, string | null>>): void {
  go(withQuery(changes))
}

/** Follow back, forward, and every plain click on a link of this page. */
export function followPlace(): void {
  addEventListener("popstate", () => {
    place.value = here()
  })
  document.addEventListener("click", event => {
    if (
      event.defaultPrevented ||
      event.button ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    ) {
      return
    }
    const link = event.target instanceof Element ? event.target.closest("a") : null
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return
    if (OTHERS.test(link.pathname) || link.getAttribute("href")?.startsWith("#")) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
}

/** The parts of a path that fits a pattern such as `/campaigns/:campaign`, decoded; null where it does not fit. */
export function partsOf(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/")
  const given = path.replace(/(.)\/$/, "$1").split("/")
  if (wanted.length !== given.length) return null
  const parts: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ""
    if (part.startsWith(":")) {
      try {
        parts[part.slice(1)] = decodeURIComponent(value)
      } catch {
        return null
      }
    } else if (part !== value) return null
  }
  return parts
}
