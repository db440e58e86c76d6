import { signal } from "@preact/signals"
import { useEffect } from "preact/hooks"

/** A key, or two one after the other (`g c`), what it does, and the words that `?` shows. */
export interface Shortcut {
  keys: string
  does: string
  run: () => void
}

const WITHIN_MS = 1000

export const shortcuts = signal<readonly Shortcut[]>([])

let first = ""
let firstAt = 0

/** Shortcuts that hold while a component is shown. */
export function useShortcuts(own: readonly Shortcut[], depends: readonly unknown[] = []): void {
  useEffect(() => {
    shortcuts.value = [...shortcuts.value, ...own]
    return () => {
      shortcuts.value = shortcuts.value.filter(one => !own.includes(one))
    }
  }, depends)
}

/** Listen to keys that no field, menu or dialog is the target of. */
export function followKeys(): void {
  addEventListener("keydown", event => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || typing(event.target))
      return
    const now = event.timeStamp
    const pair = first && now - firstAt < WITHIN_MS ? `${first} ${event.key}` : ""
    const found =
      shortcuts.value.find(one => one.keys === pair) ?? shortcuts.value.find(one => one.keys === event.key)
    first = found ? "" : event.key
    firstAt = now
    if (!found) return
    event.preventDefault()
    found.run()
  })
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
      target.closest("dialog") !== null)
  )
}
