import type { ComponentChildren } from "preact"

/** A wide table that scrolls by itself on a narrow screen, by keys too. */
export function Scrolls({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scrolls" tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}
