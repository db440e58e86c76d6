/** One side of a comparison: links that have all of these labels. */
export type Labels = Readonly<Record<string, string>>

/** More cannot be compared at once. */
export const MOST_SIDES = 26

/** A side as the address and the API take it. */
export function textOf(labels: Labels): string {
  return new URLSearchParams(labels).toString()
}

/** The sides of an address, each once. */
export function sidesOf(query: URLSearchParams): Labels[] {
  return sidesIn(query.getAll("of"))
}

/** Sides of their texts, each once. */
export function sidesIn(texts: readonly string[]): Labels[] {
  return [...new Set(texts)].map(one => Object.fromEntries(new URLSearchParams(one))).filter(some)
}

function some(labels: Labels): boolean {
  return Object.keys(labels).length > 0
}

/** The address of a comparison of these sides; whatever else the query says stays. */
export function comparing(sides: readonly Labels[], query: URLSearchParams): string {
  const changed = new URLSearchParams(query)
  changed.delete("of")
  for (const side of new Set(sides.map(textOf))) changed.append("of", side)
  return changed.size ? `/compare?${changed}` : "/compare"
}

/** What tells each side from the others: the labels in which any two differ, or all where none does. */
export function namesOf(sides: readonly Labels[], say: (name: string, value: string) => string): string[] {
  const labels = [...new Set(sides.flatMap(side => Object.keys(side)))]
  const telling = labels.filter(name => new Set(sides.map(side => side[name])).size > 1)
  return sides.map(side =>
    (telling.length ? telling : labels)
      .filter(name => side[name] !== undefined)
      .map(name => say(name, side[name] ?? ""))
      .join(" · "),
  )
}

/** What all sides share, said once. */
export function sharedOf(sides: readonly Labels[]): Labels {
  const [first, ...rest] = sides
  if (!first || !rest.length) return {}
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every(side => side[name] === value)),
  )
}
