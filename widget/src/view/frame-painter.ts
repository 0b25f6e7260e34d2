/** Draws changes in the next frames, with a time budget per frame, so that the page stays responsive. */

/** Milliseconds per frame for drawing. Afterwards, no further step starts in this frame. */
const BUDGET = 8
/** After a step that exceeds the budget, drawing pauses for this multiple of its time. */
const REST_FACTOR = 2

export interface Paintable {
  /** Draws until `deadline` (`performance.now()`). Returns whether there is more to draw. */
  paint(deadline: number): boolean
}

export interface Painter {
  add(view: Paintable): void
}

/** `painted` is called after each frame in which something was drawn. */
export function createPainter(painted: () => void): Painter {
  const dirty = new Set<Paintable>()
  let isScheduled = false
  let restUntil = 0

  function paint(): void {
    isScheduled = false
    const started = performance.now()
    if (started >= restUntil) {
      for (const view of dirty) {
        if (view.paint(started + BUDGET)) break
        dirty.delete(view)
      }
      const took = performance.now() - started
      restUntil = took > BUDGET ? started + took * (1 + REST_FACTOR) : 0
      painted()
    }
    if (dirty.size) schedule()
  }

  function schedule(): void {
    if (isScheduled) return
    isScheduled = true
    // a hidden page gets no animation frames, but must also draw the end of answers
    if (document.hidden) setTimeout(paint, 100)
    else requestAnimationFrame(paint)
  }

  return {
    add(view) {
      dirty.add(view)
      schedule()
    },
  }
}
