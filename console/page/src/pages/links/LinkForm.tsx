import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"
import { ProblemError } from "../../api/client"
import type { ProblemDetails } from "../../api/types"
import type { Given } from "./fields"
import { LinkFields, Refused } from "./LinkFields"
import type { Form } from "./linkForm"

/** What is being sent, and what was refused of it. */
export function useSending() {
  const [problem, setProblem] = useState<ProblemDetails>()
  const [busy, setBusy] = useState(false)

  /** Send; what the API refuses becomes `problem`. */
  async function sending(send: () => Promise<void>): Promise<void> {
    setBusy(true)
    setProblem(undefined)
    try {
      await send()
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setProblem(error.details)
    } finally {
      setBusy(false)
    }
  }

  return { problem, setProblem, busy, sending }
}

/** The form of a link, of a new one or, `fixed`, of one that has its address; `children` are its buttons. */
export function LinkForm(props: {
  form: Form
  change: Given["change"]
  problem: ProblemDetails | undefined
  fixed: boolean
  send: () => void
  title?: ComponentChildren
  between?: ComponentChildren
  children: ComponentChildren
}) {
  const { form, change, problem, fixed, send, title, between, children } = props
  return (
    <form
      class="form"
      noValidate
      onSubmit={event => {
        event.preventDefault()
        send()
      }}
    >
      {title}
      <LinkFields form={form} change={change} problem={problem} fixed={fixed} />
      {between}
      <Refused problem={problem} />
      <div class="sends">{children}</div>
    </form>
  )
}
