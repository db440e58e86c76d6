import { useRef } from "preact/hooks"
import { place } from "../state/place"
import { forgetView, savedViews, saveView } from "../state/savedViews"
import { words } from "../text/en"
import { Menu } from "./Menu"

const { views: said } = words

/** Addresses under names, kept by this browser. */
export function SavedViews({ name }: { name: string }) {
  const menu = useRef<HTMLDetailsElement>(null)
  const views = savedViews.value
  const { path, query } = place.value
  return (
    <Menu name={said.title} menu={menu}>
      {views.length === 0 && <p class="soft">{said.none}</p>}
      <ul>
        {views.map(view => (
          <li key={view.name}>
            <a href={view.address}>{view.name}</a>
            <button
              type="button"
              class="plain"
              aria-label={said.forget(view.name)}
              onClick={() => forgetView(view.name)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={event => {
          event.preventDefault()
          const given = String(new FormData(event.currentTarget).get("name")).trim()
          if (given) saveView(given, query.size ? `${path}?${query}` : path)
        }}
      >
        <input name="name" aria-label={said.name} defaultValue={name} maxLength={80} required />
        <button type="submit">{said.save}</button>
      </form>
    </Menu>
  )
}
