import { useEffect, useRef } from "preact/hooks"
import { Elsewhere, Ended, SharedWith } from "../pages/shares/Guest"
import { SharedView } from "../pages/shares/SharedView"
import { SignInView } from "../pages/signin/SignInView"
import { Failed, NotAllowed, NotFound } from "../parts/states"
import { go, inThisZone, place } from "../state/place"
import {
  learnSession,
  may,
  SHARED,
  session,
  sessionProblem,
  shareEnded,
  signOut,
  toSignIn,
} from "../state/session"
import { pathOf } from "../state/shares"
import { useShortcuts } from "../state/shortcuts"
import { applyTheme, nextTheme, theme } from "../state/theme"
import { words } from "../text/en"
import { ENTRIES, viewOf } from "../views"
import { focusHeading } from "./arrival"
import { Keys, keysShown } from "./Keys"
import "./shell.css"

const EVERYWHERE = [
  { keys: "?", does: words.keys.show, run: () => (keysShown.value = true) },
  { keys: "t", does: words.keys.theme, run: () => applyTheme(nextTheme()) },
]
const KEYS = [
  ...EVERYWHERE,
  ...ENTRIES.map(({ to, name, key }) => ({
    keys: `g ${key}`,
    does: words.keys.goTo(name),
    run: () => go(inThisZone(to)),
  })),
]

const TITLES: Readonly<Record<string, string>> = {
  "/sign-in": words.signIn.title,
  [SHARED]: words.shares.opening,
}

/** What stands around every view, and the view that the address names. */
export function Shell() {
  const guest = session.value?.kind === "share"
  useShortcuts(guest ? EVERYWHERE : KEYS, [guest])
  return (
    <>
      <a class="skip button" href="#content">
        {words.nav.skip}
      </a>
      <Bar />
      <main id="content" tabIndex={-1}>
        <Content />
      </main>
      <Keys />
    </>
  )
}

function Content() {
  const { path } = place.value
  const found = viewOf(path)
  const title = TITLES[path] ?? found?.view.title(found.parts)
  useTitle(title, path)
  const who = session.value
  useEffect(() => {
    if (who === null && path !== "/sign-in" && !shareEnded.value) toSignIn()
    if (who && path === "/") go(who.view || "/campaigns", { replace: true })
  }, [who, path])

  if (path === "/sign-in") return <SignInView />
  if (path === SHARED) return <SharedView />
  if (shareEnded.value) return <Ended />
  if (sessionProblem.value) return <Failed problem={sessionProblem.value} again={() => void learnSession()} />
  if (!who || path === "/") return null
  const shared = who.kind === "share" ? (who.view ?? "/") : null
  if (shared !== null && path !== pathOf(shared)) return <Elsewhere view={shared} />
  if (!found) return <NotFound />
  const { view, parts } = found
  if (!may(view.role)) return <NotAllowed role={view.role} />
  const Draw = view.draw
  return <Draw key={path} parts={parts} />
}

/** The window's title, and the focus at the beginning of a view that was gone to, for who hears the page. */
function useTitle(title: string | undefined, path: string): void {
  // Where one begins, or is led to from "/", nobody has gone to.
  const before = useRef(path === "/" ? null : path)
  useEffect(() => {
    document.title = title ? `${title} · ${words.name}` : words.name
    const arrives = before.current !== null && before.current !== path
    if (path !== "/") before.current = path
    return arrives ? focusHeading() : undefined
  }, [title, path])
}

function Bar() {
  const { path } = place.value
  const guest = session.value?.kind === "share"
  return (
    <header class="bar">
      <a class="brand" href={session.value?.view || inThisZone("/campaigns")}>
        <Mark />
        {words.name}
      </a>
      {guest && <SharedWith />}
      {session.value && !guest && (
        <>
          <nav aria-label={words.nav.label}>
            {ENTRIES.map(({ to, name }) => (
              <a
                href={inThisZone(to)}
                key={to}
                aria-current={path === to || path.startsWith(`${to}/`) ? "page" : undefined}
              >
                {name}
              </a>
            ))}
          </nav>
          <div class="own">
            <span class="who soft" title={words.nav.signedInAs(session.value.name)}>
              {session.value.account || session.value.name}
            </span>
            <button type="button" class="plain" onClick={() => void signOut()}>
              {words.nav.signOut}
            </button>
          </div>
        </>
      )}
      <div class="tools">
        <button
          type="button"
          class="plain"
          aria-label={words.nav.theme[theme.value]}
          title={words.nav.theme[theme.value]}
          onClick={() => applyTheme(nextTheme())}
        >
          <ThemeMark />
        </button>
        <button
          type="button"
          class="plain"
          aria-label={words.nav.keys}
          title={words.nav.keys}
          onClick={() => (keysShown.value = true)}
        >
          ?
        </button>
      </div>
    </header>
  )
}

function Mark() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <path class="ground" d="M1 13h14v2H1z" />
      <path class="bars" d="M3 8h2v4H3zM7 2h2v10H7zM11 5h2v7h-2z" />
    </svg>
  )
}

function ThemeMark() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor">
      <circle cx="8" cy="8" r="5.5" stroke-width="1.5" />
      {theme.value !== "light" && <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" stroke="none" />}
      {theme.value === "dark" && <circle cx="8" cy="8" r="5.5" fill="currentColor" stroke="none" />}
    </svg>
  )
}
