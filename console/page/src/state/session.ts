import { computed, signal } from "@preact/signals"
import { ask, onSignedOut, ProblemError } from "../api/client"
import type { ProblemDetails, SessionView, SignInBody } from "../api/types"
import { isZone } from "./period"
import { go, place } from "./place"

/** Where what was shared is opened. */
export const SHARED = "/shared"

/** Who asks, and what they may do. undefined: not known yet; null: nobody. */
export const session = signal<SessionView | null | undefined>(undefined)
export const sessionProblem = signal<ProblemDetails | null>(null)
/** Whether what was shared with this browser has ended. */
export const shareEnded = signal(false)

/** The zone that days are of where the address says none: the account's, else the browser's. */
export const ownZone = computed(
  () => session.value?.zone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
)

/** The zone that days are of: the address's, else one's own. */
export const zone = computed(() => {
  const given = place.value.query.get("zone")
  return given && isZone(given) ? given : ownZone.value
})

/** Whether the reader may do what needs this role. */
export function may(role: string): boolean {
  return session.value?.roles.some(one => one === role) ?? false
}

/** Learn who asks; whoever is not known is led to the sign-in, and back afterwards. */
export async function learnSession(): Promise<void> {
  onSignedOut.call = leave
  sessionProblem.value = null
  try {
    session.value = await ask("readSession")
    shareEnded.value = false
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    if (error.details.status !== 401) sessionProblem.value = error.details
  }
}

/** Sign in by a token, a one-time code or a share; who that is. Rejects with ProblemError. */
export async function signIn(by: SignInBody): Promise<SessionView> {
  const who = await ask("signIn", { body: by })
  shareEnded.value = false
  session.value = who
  return who
}

/** Forget the session, here and there. */
export async function signOut(): Promise<void> {
  await ask("signOut").catch(() => undefined)
  session.value = null
  go("/sign-in")
}

/** Of who is let in no more: whoever had a share has nothing to sign in with. */
function leave(problem: ProblemDetails): void {
  if (session.value?.kind === "share" || problem.type.endsWith("/share-ended")) {
    shareEnded.value = true
    session.value = null
  } else toSignIn()
}

/** To the sign-in, and from there back to where the reader is. */
export function toSignIn(): void {
  session.value = null
  const { path, query } = place.value
  if (path === "/sign-in" || path === SHARED) return
  const next = query.size ? `${path}?${query}` : path
  go(next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`, { replace: true })
}
