import { signal } from "@preact/signals"

/** An address that the reader gave a name, in this browser. */
export interface SavedView {
  name: string
  address: string
}

const KEY = "clicktally.views"
const MOST = 50

export const savedViews = signal<readonly SavedView[]>(read())

function read(): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]")
    return Array.isArray(kept) ? kept.filter(isView).slice(0, MOST) : []
  } catch {
    return []
  }
}

function isView(one: unknown): one is SavedView {
  const view = one as Partial<SavedView> | null
  return typeof view?.name === "string" && typeof view.address === "string" && /^\/(?!\/)/.test(view.address)
}

/** Keep a view under a name; one of the same name is replaced. */
export function saveView(name: string, address: string): void {
  keep([{ name, address }, ...savedViews.value.filter(one => one.name !== name)].slice(0, MOST))
}

/** Forget the view of this name. */
export function forgetView(name: string): void {
  keep(savedViews.value.filter(one => one.name !== name))
}

function keep(views: readonly SavedView[]): void {
  savedViews.value = views
  localStorage.setItem(KEY, JSON.stringify(views))
}
