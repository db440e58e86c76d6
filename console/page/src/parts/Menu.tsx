import type { ComponentChildren, RefObject } from "preact"
import "./saved.css"

/** What opens below a button: Escape closes it, and so does whoever goes elsewhere, unless it is `kept`. */
export function Menu(props: {
  name: string
  menu: RefObject<HTMLDetailsElement | null>
  kept?: boolean
  closed?: () => void
  children: ComponentChildren
}) {
  const { name, menu, kept = false, closed, children } = props
  return (
    <details
      class="saved"
      ref={menu}
      onKeyDown={event => {
        if (event.key !== "Escape" || !menu.current?.open) return
        menu.current.open = false
        menu.current.querySelector("summary")?.focus()
      }}
      onFocusOut={event => {
        const next = event.relatedTarget
        if (!kept && menu.current && next instanceof Node && !menu.current.contains(next))
          menu.current.open = false
      }}
      onToggle={event => event.currentTarget.open || closed?.()}
    >
      <summary class="button">{name}</summary>
      <div class="menu">{children}</div>
    </details>
  )
}
