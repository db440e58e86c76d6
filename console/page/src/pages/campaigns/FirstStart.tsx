import { words } from "../../text/en"
import { viewOf } from "../../views"

/** Nothing was made or counted yet: what leads to the first click. */
export function FirstStart() {
  const { first, firstSteps, makeLink } = words.campaigns
  return (
    <section class="first">
      <h1 tabIndex={-1}>{first}</h1>
      <ol>
        {firstSteps.map(([what, how], index) => (
          <li key={what}>
            <span class="step" aria-hidden="true">
              {index + 1}
            </span>
            <div>
              <h2>{what}</h2>
              <p class="soft">{how}</p>
            </div>
          </li>
        ))}
      </ol>
      {viewOf("/links") && (
        <a class="button lead" href="/links?new=1">
          {makeLink}
        </a>
      )}
    </section>
  )
}
