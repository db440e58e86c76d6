import { signal } from "@preact/signals"

export type Theme = "system" | "light" | "dark"

const KEY = "clicktally.theme"
const THEMES: readonly Theme[] = ["system", "light", "dark"]

export const theme = signal<Theme>(kept())

function kept(): Theme {
  const value = localStorage.getItem(KEY)
  return THEMES.find(one => one === value) ?? "system"
}

/** Let the page look as the theme says; the system's choice needs no attribute. */
export function applyTheme(next: Theme): void {
  theme.value = next
  if (next === "system") {
    delete document.documentElement.dataset["theme"]
    localStorage.removeItem(KEY)
  } else {
    document.documentElement.dataset["theme"] = next
    localStorage.setItem(KEY, next)
  }
}

/** The theme after this one. */
export function nextTheme(): Theme {
  return THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system"
}
