// The beacon: tells the redirector which links a page displays. docs/contracts/impressions-api.md says how it is used.
// Served squeezed, by beacon_script.py: short names count, comments do not. No string has a space in it, no line
// begins with a bracket.
{
  const page = document
  const script = page.currentScript
  const url = new URL("impressions", script.src)
  const queue = []
  let later

  // As text: what needs a preflight would not leave with the page. What the browser does not take stays in the queue.
  const send = () => {
    later = 0
    while (queue[0] && navigator.sendBeacon(url, JSON.stringify(queue.slice(0, MOST)))) queue.splice(0, MOST)
  }

  const watch = (el, link) => {
    const reported = {}
    let area, half, second

    // The redirector takes the time of arrival: what is reported waits for its neighbours, but not for long.
    const report = kind => {
      reported[kind] ||= queue.push({link, kind})
      later ||= setTimeout(send, 2000)
    }
    const judge = () => {
      const shown = area && !page.hidden
      if (shown) report("rendered")
      second = shown && half ? second || setTimeout(report, 1000, "viewable") : clearTimeout(second)
    }

    // Half of it, or 30 % of what is larger than 242,500 square pixels (MRC).
    new IntersectionObserver(entries => entries.map(({boundingClientRect: box, intersectionRatio: part}) => {
      area = box.width * box.height
      half = part >= (area > 242500 ? .3 : .5)
      judge()
    }), {threshold: [0, .3, .5]}).observe(el)
    addEventListener("visibilitychange", judge)
  }

  // An element remembers by the script's address that it is watched: the script may stand in the page many times.
  const find = () => page.querySelectorAll("[data-clicktally-link]").forEach(el =>
    el[url] ||= [watch(el, el.dataset.clicktallyLink || el.href)])

  const {link} = script.dataset
  if (link) watch(script.closest("body") ? script.parentNode : page.documentElement, link)
  find()
  new MutationObserver(find).observe(page, {childList: true, subtree: true})
  addEventListener("visibilitychange", send)
  addEventListener("pagehide", send)
}
