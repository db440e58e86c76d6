/**
 * Focus the heading of the view that was gone to, as soon as it is there: some views come in a file of their own, or
 * know their heading once the API has answered. Whoever has gone on to something else by then is left there. What is
 * returned gives it up.
 */
export function focusHeading(): () => void {
  const from = document.activeElement
  const main = document.querySelector("main")
  if (!main || focused(main)) return () => undefined
  const observer = new MutationObserver(() => {
    const now = document.activeElement
    const gone = now !== from && now !== document.body
    if (gone || focused(main)) observer.disconnect()
  })
  observer.observe(main, { childList: true, subtree: true })
  return () => observer.disconnect()
}

function focused(main: HTMLElement): boolean {
  const heading = main.querySelector<HTMLElement>("h1")
  heading?.focus({ preventScroll: true })
  return heading !== null
}
