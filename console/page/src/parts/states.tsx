import type { ComponentChildren } from "preact"
import type { ProblemDetails } from "../api/types"
import { inThisZone } from "../state/place"
import { zone } from "../state/session"
import { words } from "../text/en"
import { time } from "../text/locale"
import "./states.css"

/** What is said instead of a view, or `within` one that has its heading: what is so, and what to do. */
export function Notice(props: {
  title: string
  within?: boolean
  children?: ComponentChildren
  action?: ComponentChildren
}) {
  return (
    <div class="notice">
      {props.within ? <h2>{props.title}</h2> : <h1 tabIndex={-1}>{props.title}</h1>}
      {props.children && <p class="soft">{props.children}</p>}
      {props.action}
    </div>
  )
}

/** A request failed and there is nothing older to show: `within` a view, or in its place. */
export function Failed(props: { problem: ProblemDetails; within?: boolean; again?: () => void }) {
  const { problem, within = false, again } = props
  const away = problem.status === 0
  const action = again && (
    <button type="button" onClick={again}>
      {words.state.again}
    </button>
  )
  return (
    <div role="alert">
      <Notice
        title={away ? words.state.unreachable : problem.title || words.state.problem}
        within={within}
        action={action}
      >
        {away ? words.state.unreachableHint : problem.detail}
      </Notice>
    </div>
  )
}

/** The reader's token lacks a role. */
export function NotAllowed({ role }: { role: string }) {
  return <Notice title={words.state.notAllowed}>{words.state.notAllowedHint(role)}</Notice>
}

/** No view has this address. */
export function NotFound() {
  const action = (
    <a class="button" href={inThisZone("/campaigns")}>
      {words.state.toCampaigns}
    </a>
  )
  return (
    <Notice title={words.state.notFound} action={action}>
      {words.state.notFoundHint}
    </Notice>
  )
}

/** Numbers are shown that cannot be had anew: since when. */
export function Stale({ at, again }: { at: number; again: () => void }) {
  return (
    <p class="stale" role="status">
      <span>
        <Warning /> {words.state.stale(time(at, "time", zone.value))}
      </span>
      <button type="button" class="plain" onClick={again}>
        {words.state.again}
      </button>
    </p>
  )
}

/** Room of the right size while its content is on its way. */
export function Skeleton({ height, label = words.state.loading }: { height: number; label?: string }) {
  return <div class="skeleton" style={{ height: `${height}px` }} role="status" aria-label={label} />
}

/** The sign of what needs attention; the words stand beside it. */
export function Warning() {
  return (
    <svg class="warning" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <path
        d="M7 1.2 13.4 12.6H.6z"
        fill="none"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linejoin="round"
      />
      <path d="M7 5v3.6M7 10v1.2" stroke="currentColor" stroke-width="1.4" />
    </svg>
  )
}
