import { render } from "preact"
import "./shell/tokens.css"
import "./shell/base.css"
import { fetchViews } from "./shell/lazily"
import { Shell } from "./shell/Shell"
import { followPlace } from "./state/place"
import { learnSession } from "./state/session"
import { followKeys } from "./state/shortcuts"
import { applyTheme, theme } from "./state/theme"

applyTheme(theme.value)
followPlace()
followKeys()
void learnSession()
fetchViews()

const root = document.getElementById("page")
if (root) render(<Shell />, root)
