import type { Drawing, Shape } from "./drawing"
import "./drawn.css"

/** A drawing on the screen. What it says is said beside it, in words: to those who hear the page it is silent. */
export function Drawn({ drawing }: { drawing: Drawing }) {
  const { width, height, shapes } = drawing
  return (
    <svg class="drawn" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {shapes.map(svg)}
    </svg>
  )
}

function svg(shape: Shape, index: number) {
  if (shape.is === "text") {
    return (
      <text
        key={index}
        x={shape.x}
        y={shape.y}
        text-anchor={shape.anchor}
        class={`fill-${shape.ink}${shape.strong ? " strong" : ""}`}
      >
        {shape.text}
      </text>
    )
  }
  const classes = [shape.fill ? `fill-${shape.fill}` : "fill-none", shape.stroke && `stroke-${shape.stroke}`]
  return (
    <path
      key={index}
      d={shape.d}
      class={classes.filter(Boolean).join(" ")}
      stroke-width={shape.width}
      stroke-dasharray={shape.dash?.join(" ")}
      opacity={shape.opacity}
    />
  )
}
